package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory that appears under its name only when it is complete: written as {@code
 * NAME.partial}, flushed to the disk, then renamed. Closing it before {@link #commit()} removes
 * what was written, unless {@link #keep()} was called.
 */
public final class StagedDirectory implements AutoCloseable {

  private final Path target;
  private final Path staging;
  private boolean committed;
  private boolean kept;

  private StagedDirectory(Path target, Path staging) {
    this.target = target;
    this.staging = staging;
  }

  /**
   * Begins a directory.
   *
   * @param overwrite whether an existing target may be replaced, at commit
   * @throws UsageException if the target exists and may not be
   */
  public static StagedDirectory create(Path target, boolean overwrite) {
    Path absolute = target.toAbsolutePath().normalize();
    if (Files.exists(absolute) && !overwrite) {
      throw new UsageException(target, "exists already", "choose another name or give --overwrite");
    }
    Path staging = absolute.resolveSibling(absolute.getFileName() + ".partial");
    try {
      deleteTree(staging);
      Files.createDirectories(staging);
    } catch (IOException e) {
      throw failed(staging, e);
    }
    return new StagedDirectory(absolute, staging);
  }

  /** Where to write meanwhile. */
  public Path path() {
    return staging;
  }

  /** Flushes everything to the disk and gives the directory its name. */
  public void commit() {
    try {
      syncTree(staging);
      deleteTree(target);
      Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
      sync(java.util.Objects.requireNonNull(target.getParent()));
      committed = true;
    } catch (IOException e) {
      throw failed(staging, e);
    }
  }

  /**
   * Leaves what was written under its staging name at close, for a look at what is wrong with it.
   */
  public void keep() {
    kept = true;
  }

  @Override
  public void close() {
    if (!committed && !kept) {
      try {
        deleteTree(staging);
      } catch (IOException e) {
        throw failed(staging, e);
      }
    }
  }

  private static void syncTree(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        sync(path);
      }
    }
  }

  /** Flushes a file, or a directory where the system can open one (Windows cannot). */
  private static void sync(Path path) throws IOException {
    boolean directory = Files.isDirectory(path);
    try (FileChannel channel =
        FileChannel.open(path, directory ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    } catch (IOException e) {
      if (!directory) {
        throw e;
      }
    }
  }

  /** Deletes a directory and all that is in it, where it exists. */
  public static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(root)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }

  private static CheckpointException failed(Path path, IOException e) {
    return new CheckpointException(
        path, "cannot be written: " + e, "check free space and permissions", e);
  }
}
