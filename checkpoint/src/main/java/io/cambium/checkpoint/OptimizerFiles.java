package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What an optimizer keeps beside a checkpoint's weights, in a folder of its own, as some engines
 * would take it for weights: one file, or one for each of several processes that wrote it. Data
 * stays valid until {@link #close()}.
 */
public final class OptimizerFiles implements AutoCloseable {

  /** Where a training run keeps its state. */
  public static final String FOLDER = "training";

  private static final Pattern SHARD =
      Pattern.compile("optimizer-\\d{5}-of-(\\d{5})\\.safetensors");

  private final Path folder;
  private final List<SafetensorsFile> files;
  private final Map<String, TensorEntry> tensors = new LinkedHashMap<>();
  private final Map<String, SafetensorsFile> fileOf = new HashMap<>();

  private OptimizerFiles(Path folder, List<SafetensorsFile> files) {
    this.folder = folder;
    this.files = List.copyOf(files);
    files.forEach(file -> file.tensors().forEach((name, entry) -> add(name, entry, file)));
  }

  private void add(String name, TensorEntry entry, SafetensorsFile file) {
    if (fileOf.put(name, file) != null) {
      throw new CheckpointException(
          folder, "has two files that hold \"" + name + "\"", "restore the training state");
    }
    tensors.put(name, entry);
  }

  /**
   * The name of one of several files, below the checkpoint directory.
   *
   * @param number from 0
   */
  public static String name(int number, int of) {
    return FOLDER
        + "/"
        + (of == 1
            ? "optimizer.safetensors"
            : String.format(Locale.ROOT, "optimizer-%05d-of-%05d.safetensors", number + 1, of));
  }

  /** Whether a checkpoint has any. */
  public static boolean areIn(Path checkpoint) {
    return Files.exists(checkpoint.resolve(name(0, 1))) || shards(checkpoint).isPresent();
  }

  /**
   * Opens those of a checkpoint, by their headers.
   *
   * @throws CheckpointException if one is missing or malformed
   */
  public static OptimizerFiles open(Path checkpoint) {
    boolean single = Files.exists(checkpoint.resolve(name(0, 1)));
    int count = single ? 1 : shards(checkpoint).orElse(1);
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      for (int number = 0; number < count; number++) {
        files.add(SafetensorsFile.open(checkpoint.resolve(name(number, count))));
      }
      return new OptimizerFiles(checkpoint.resolve(FOLDER), files);
    } catch (RuntimeException e) {
      Closing.all(files.stream().map(file -> file::close));
      throw e;
    }
  }

  /** How many files there should be, as the name of one of them says. */
  private static OptionalInt shards(Path checkpoint) {
    Path folder = checkpoint.resolve(FOLDER);
    if (!Files.isDirectory(folder)) {
      return OptionalInt.empty();
    }
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .map(path -> SHARD.matcher(path.getFileName().toString()))
          .filter(Matcher::matches)
          .mapToInt(name -> Integer.parseInt(name.group(1)))
          .max();
    } catch (IOException e) {
      throw CheckpointException.unreadable(folder, e);
    }
  }

  /** The one file, or the folder of several. */
  public Path path() {
    return files.size() == 1 ? files.getFirst().path() : folder;
  }

  public List<SafetensorsFile> files() {
    return files;
  }

  /** Entries by name, of all files. */
  public Map<String, TensorEntry> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /**
   * A tensor's bytes, mapped.
   *
   * @throws CheckpointException if there is no such tensor
   */
  public MemorySegment data(String name) {
    SafetensorsFile file = fileOf.get(name);
    if (file == null) {
      throw new CheckpointException(path(), "has no tensor \"" + name + "\"", null);
    }
    return file.data(name);
  }

  @Override
  public void close() {
    Closing.all(files.stream().map(file -> file::close));
  }
}
