package io.cambium.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which shard holds which tensor, as a checkpoint's index says.
 *
 * @param file the index
 * @param weightMap shards by the names of tensors
 */
public record WeightIndex(Path file, SortedMap<String, String> weightMap) {

  /**
   * Reads an index.
   *
   * @throws CheckpointException if it is malformed, or a shard's name leads out of the directory
   */
  public static WeightIndex read(Path file) {
    ObjectNode json = Json.readObject(file);
    JsonNode map = json.path("weight_map");
    if (!map.isObject() || !json.path("metadata").isObject()) {
      throw new CheckpointException(
          file, "lacks the object \"weight_map\" or \"metadata\"", "transformers needs both");
    }
    SortedMap<String, String> weightMap = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (!entry.getValue().isString()) {
        throw new CheckpointException(file, "maps \"" + entry.getKey() + "\" to no file", null);
      }
      String name = entry.getValue().stringValue();
      if (!PlainFileName.isPlain(name)) {
        throw new CheckpointException(
            file, "names a file outside the directory: \"" + name + "\"", null);
      }
      weightMap.put(entry.getKey(), name);
    }
    return new WeightIndex(file, weightMap);
  }

  /** The shards' names. */
  public SortedSet<String> shards() {
    return new TreeSet<>(weightMap.values());
  }
}
