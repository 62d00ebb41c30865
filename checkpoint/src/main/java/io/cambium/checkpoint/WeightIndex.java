package io.cambium.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@code model.safetensors.index.json} says.
 *
 * @param totalSize bytes of all tensors, where it says so
 * @param weightMap the file of each tensor
 */
record WeightIndex(Path file, OptionalLong totalSize, SortedMap<String, String> weightMap) {

  static final String WEIGHT_MAP = "weight_map";
  static final String METADATA = "metadata";

  /** Reads it as far as it goes. */
  static WeightIndex read(Path file, Consumer<Fault> faults) {
    ObjectNode json = object(file, faults);
    requireObject(json, WEIGHT_MAP, FaultKind.MALFORMED_INDEX, file, faults);
    requireObject(json, METADATA, FaultKind.NO_INDEX_METADATA, file, faults);
    SortedMap<String, String> weightMap = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : json.path(WEIGHT_MAP).properties()) {
      if (entry.getValue().isString()) {
        weightMap.put(entry.getKey(), entry.getValue().stringValue());
      } else {
        faults.accept(
            new Fault(
                FaultKind.MALFORMED_INDEX, file, "maps \"" + entry.getKey() + "\" to no file"));
      }
    }
    JsonNode size = json.path(METADATA).path("total_size");
    return new WeightIndex(
        file,
        size.isIntegralNumber() && size.canConvertToLong()
            ? OptionalLong.of(size.longValue())
            : OptionalLong.empty(),
        weightMap);
  }

  private static ObjectNode object(Path file, Consumer<Fault> faults) {
    try {
      return Json.readObject(file);
    } catch (CheckpointException e) {
      faults.accept(Fault.of(FaultKind.MALFORMED_INDEX, e));
      return Json.MAPPER.createObjectNode();
    }
  }

  private static void requireObject(
      ObjectNode json, String key, FaultKind kind, Path file, Consumer<Fault> faults) {
    if (!json.path(key).isObject()) {
      faults.accept(new Fault(kind, file, "lacks the object \"" + key + "\""));
    }
  }
}
