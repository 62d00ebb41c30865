package io.cambium.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A directory that appears under its name only when it is complete: written as {@code
 * NAME.partial}, flushed to the disk, then renamed. Closing it before {@link #commit()} removes
 * what was written, unless {@link #keep()} was called; what a killed process left is removed by the
 * next one, or gone on with.
 */
public final class StagedDirectory implements AutoCloseable {

  private final Path target;
  private final Path staging;
  private final boolean overwrite;
  private boolean committed;
  private boolean kept;

  private StagedDirectory(Path target, Path staging, boolean overwrite) {
    this.target = target;
    this.staging = staging;
    this.overwrite = overwrite;
  }

  /**
   * Begins a directory. Parents that do not exist are made.
   *
   * @param overwrite whether an existing directory may be replaced, at commit; a link to one stays
   * @throws UsageException if the target exists and may not be replaced
   * @throws CheckpointException if the disk refuses
   */
  public static StagedDirectory create(Path target, boolean overwrite) {
    StagedDirectory staged = resume(target, overwrite);
    try {
      deleteTree(staged.staging);
      Files.createDirectory(staged.staging);
      return staged;
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }

  /** The same, with what an earlier process left, where it left something. */
  public static StagedDirectory resume(Path target, boolean overwrite) {
    Path absolute = target.toAbsolutePath();
    if (Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
      requireReplaceable(target, overwrite);
    }
    try {
      Path real = Files.exists(absolute) ? absolute.toRealPath() : inRealParent(absolute);
      Path staging = Files.createDirectories(beside(real, ".partial"));
      return new StagedDirectory(real, staging, overwrite);
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }

  /**
   * Every directory that writing a target may fill or delete: itself, where it is written
   * meanwhile, and where an older one goes while it is replaced.
   *
   * @return real paths, links resolved as far as there is something
   * @throws CheckpointException if they cannot be looked at
   */
  public static List<Path> places(Path target) {
    try {
      Path real = realOrPlanned(target.toAbsolutePath());
      return List.of(real, beside(real, ".partial"), beside(real, ".replaced"));
    } catch (IOException e) {
      throw CheckpointException.unreadable(target, e);
    }
  }

  private static Path realOrPlanned(Path absolute) throws IOException {
    Path parent = absolute.getParent();
    return Files.exists(absolute) || parent == null
        ? absolute.toRealPath()
        : realOrPlanned(parent).resolve(absolute.getFileName());
  }

  /** Where a directory that another process has begun is written meanwhile. */
  public static Path staging(Path target) {
    return places(target).get(1);
  }

  /** Deletes what an earlier process left of a directory that it did not finish. */
  public static void discard(Path target) {
    try {
      deleteTree(beside(target.toAbsolutePath(), ".partial"));
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }

  private static void requireReplaceable(Path target, boolean overwrite) {
    if (!overwrite) {
      throw new UsageException(target, "exists already", "choose another name or give --overwrite");
    }
    if (!Files.isDirectory(target)) {
      throw new UsageException(target, "is no directory", "choose another name or delete it");
    }
    for (String property : List.of("user.dir", "user.home")) {
      if (isWithin(Path.of(System.getProperty(property)), target)) {
        throw new UsageException(
            target,
            "holds your working or home directory and is not overwritten",
            "choose another name");
      }
    }
  }

  private static boolean isWithin(Path inner, Path outer) {
    try {
      // In a container the home directory may be one that does not exist.
      return Files.exists(inner) && inner.toRealPath().startsWith(outer.toRealPath());
    } catch (IOException e) {
      throw CheckpointException.unreadable(outer, e);
    }
  }

  /** Not normalised by text: the parent of a link is not the parent of what it points to. */
  private static Path inRealParent(Path absolute) throws IOException {
    Path parent = Objects.requireNonNull(absolute.getParent());
    return Files.createDirectories(parent).toRealPath().resolve(absolute.getFileName());
  }

  private static Path beside(Path path, String suffix) {
    return path.resolveSibling(path.getFileName() + suffix);
  }

  /** Where to write meanwhile; once it is committed, where it is. */
  public Path path() {
    return committed ? target : staging;
  }

  /** Whether something lies in it already, but for one file. */
  public boolean holdsMoreThan(String known) {
    return !allBut(known).isEmpty();
  }

  /** Deletes what an earlier process left in it, but for one file. */
  public void clear(String kept) {
    try {
      for (Path file : allBut(kept)) {
        deleteTree(file);
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(staging, e);
    }
  }

  private List<Path> allBut(String name) {
    try (Stream<Path> files = Files.list(staging)) {
      return files.filter(file -> !file.endsWith(name)).toList();
    } catch (IOException e) {
      throw CheckpointException.unreadable(staging, e);
    }
  }

  /**
   * Flushes the names of what is in it, and its own. A file whose data is flushed is not there
   * after a power cut if its name is not.
   */
  public void syncNames() {
    try {
      for (Path path : deepestFirst(staging)) {
        if (Files.isDirectory(path)) {
          sync(path);
        }
      }
      sync(Objects.requireNonNull(staging.getParent()));
    } catch (IOException e) {
      throw CheckpointException.unwritable(staging, e);
    }
  }

  /**
   * Flushes everything to the disk and gives the directory its name. What was there before is moved
   * aside first and deleted last.
   *
   * @throws UsageException if there is a target by now that may not be replaced
   * @throws CheckpointException if the disk refuses; what was there before then keeps its name
   */
  public void commit() {
    try {
      syncTree(staging);
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        requireReplaceable(target, overwrite);
        replaceTarget();
      } else {
        rename(staging, target);
      }
      committed = true;
      sync(Objects.requireNonNull(target.getParent()));
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }

  private void replaceTarget() throws IOException {
    Path replaced = beside(target, ".replaced");
    deleteTree(replaced);
    rename(target, replaced);
    try {
      rename(staging, target);
    } catch (IOException e) {
      rename(replaced, target);
      throw e;
    }
    deleteTree(replaced);
  }

  private static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Leaves what was written under its staging name at close, to go on with it or to look what is
   * wrong with it.
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
        throw CheckpointException.unwritable(staging, e);
      }
    }
  }

  private static void syncTree(Path root) throws IOException {
    for (Path path : deepestFirst(root)) {
      sync(path);
    }
  }

  /** Flushes a file, or a directory where the system can open one (Windows cannot). */
  private static void sync(Path path) throws IOException {
    // Windows flushes only what is open for writing; a copied file may be read-only.
    boolean writable = Files.isRegularFile(path) && Files.isWritable(path);
    try (FileChannel channel =
        FileChannel.open(path, writable ? StandardOpenOption.WRITE : StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      if (!Files.isDirectory(path)) {
        throw e;
      }
    }
  }

  /** Deletes a directory and all that is in it, where it exists; of a link the link alone. */
  public static void deleteTree(Path root) throws IOException {
    if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      for (Path path : deepestFirst(root)) {
        Files.delete(path);
      }
    }
  }

  private static List<Path> deepestFirst(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
