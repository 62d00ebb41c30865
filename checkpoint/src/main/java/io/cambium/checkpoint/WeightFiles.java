package io.cambium.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The safetensors files of a checkpoint directory: one, or the shards that an index names. */
final class WeightFiles implements AutoCloseable {

  private final CheckpointSource source;
  private final SortedMap<String, SafetensorsFile> files = new TreeMap<>();
  private final Map<String, SafetensorsFile> fileOf = new HashMap<>();

  private WeightFiles(CheckpointSource source) {
    this.source = source;
  }

  /**
   * Opens the files by their headers.
   *
   * @throws CheckpointException if one is missing or malformed, or the index and the shards do not
   *     name the same tensors
   */
  static WeightFiles open(CheckpointSource source) {
    WeightFiles weights = new WeightFiles(source);
    try {
      weights.openAll();
      return weights;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private void openAll() {
    Path index = source.directory().resolve(CheckpointDirectory.INDEX);
    // transformers prefers the single file where both are present, and so must we.
    if (source.singleFile().isPresent()) {
      open(source.singleFile().get(), source.directory());
    } else if (Files.exists(index)) {
      openShards(WeightIndex.read(index));
    } else {
      throw new CheckpointException(
          source.directory(),
          "holds neither " + CheckpointDirectory.SINGLE_FILE + " nor " + CheckpointDirectory.INDEX,
          "only safetensors weights are read: save the model in that format");
    }
  }

  private void openShards(WeightIndex index) {
    for (String name : index.shards()) {
      open(name, index.file());
    }
    index
        .weightMap()
        .forEach((tensor, name) -> {
          SafetensorsFile actual = fileOf.get(tensor);
          if (actual == null || actual != files.get(name)) {
            throw new CheckpointException(
                index.file(),
                "maps \"" + tensor + "\" to " + name + ", which does not hold it",
                null);
          }
        });
    TreeSet<String> unmapped = new TreeSet<>(fileOf.keySet());
    unmapped.removeAll(index.weightMap().keySet());
    if (!unmapped.isEmpty()) {
      throw new CheckpointException(
          index.file(), "does not map \"" + unmapped.first() + "\", which a shard holds", null);
    }
  }

  /** A file may be a link, as in the Hugging Face cache. */
  private void open(String name, Path namedBy) {
    SafetensorsFile file = source.open(name);
    files.put(name, file);
    for (String tensor : file.tensors().keySet()) {
      SafetensorsFile other = fileOf.put(tensor, file);
      if (other != null) {
        throw new CheckpointException(
            namedBy,
            "names two files that hold \"" + tensor + "\": " + other.path() + " and " + file.path(),
            null);
      }
    }
  }

  /** The files by name. */
  SortedMap<String, SafetensorsFile> files() {
    return Collections.unmodifiableSortedMap(files);
  }

  /** Names of all tensors. */
  TreeSet<String> tensors() {
    return new TreeSet<>(fileOf.keySet());
  }

  /** The file that holds a tensor, where one does. */
  @Nullable SafetensorsFile fileOf(String tensor) {
    return fileOf.get(tensor);
  }

  @Override
  public void close() {
    Closing.all(files.values().stream().map(file -> file::close));
  }
}
