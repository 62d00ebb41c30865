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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The safetensors files of a checkpoint directory: one, or the shards that an index names. */
final class WeightFiles implements AutoCloseable {

  private final Path directory;
  private final SortedMap<String, SafetensorsFile> files = new TreeMap<>();
  private final Map<String, SafetensorsFile> fileOf = new HashMap<>();

  private WeightFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens the files by their headers.
   *
   * @throws CheckpointException if one is missing or malformed, or the index and the shards do not
   *     name the same tensors
   */
  static WeightFiles open(Path directory) {
    WeightFiles weights = new WeightFiles(directory);
    try {
      weights.openAll();
      return weights;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private void openAll() {
    Path index = directory.resolve(CheckpointDirectory.INDEX);
    // transformers prefers the single file where both are present, and so must we.
    if (Files.exists(directory.resolve(CheckpointDirectory.SINGLE_FILE))) {
      open(CheckpointDirectory.SINGLE_FILE, directory);
    } else if (Files.exists(index)) {
      openShards(index);
    } else {
      throw new CheckpointException(
          directory,
          "holds neither " + CheckpointDirectory.SINGLE_FILE + " nor " + CheckpointDirectory.INDEX,
          "only safetensors weights are read: save the model in that format");
    }
  }

  private void openShards(Path index) {
    Map<String, String> weightMap = weightMap(index);
    for (String name : new TreeSet<>(weightMap.values())) {
      open(name, index);
    }
    weightMap.forEach((tensor, name) -> {
      SafetensorsFile actual = fileOf.get(tensor);
      if (actual == null || actual != files.get(name)) {
        throw new CheckpointException(
            index, "maps \"" + tensor + "\" to " + name + ", which does not hold it", null);
      }
    });
    TreeSet<String> unmapped = new TreeSet<>(fileOf.keySet());
    unmapped.removeAll(weightMap.keySet());
    if (!unmapped.isEmpty()) {
      throw new CheckpointException(
          index, "does not map \"" + unmapped.first() + "\", which a shard holds", null);
    }
  }

  private static Map<String, String> weightMap(Path index) {
    ObjectNode json = Json.readObject(index);
    JsonNode map = json.path("weight_map");
    if (!map.isObject() || !json.path("metadata").isObject()) {
      throw new CheckpointException(
          index, "lacks the object \"weight_map\" or \"metadata\"", "transformers needs both");
    }
    Map<String, String> weightMap = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (!entry.getValue().isString()) {
        throw new CheckpointException(index, "maps \"" + entry.getKey() + "\" to no file", null);
      }
      weightMap.put(entry.getKey(), entry.getValue().stringValue());
    }
    return weightMap;
  }

  /** A file may be a link, as in the Hugging Face cache; its name may not lead elsewhere. */
  private void open(String name, Path namedBy) {
    if (!PlainFileName.isPlain(name)) {
      throw new CheckpointException(
          namedBy, "names a file outside the directory: \"" + name + "\"", null);
    }
    SafetensorsFile file = SafetensorsFile.open(directory.resolve(name));
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
