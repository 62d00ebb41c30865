package io.cambium.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which shard holds which tensor, as a checkpoint's index says.
 *
 * @param file the index
 * @param totalSize bytes of all tensors, where it says so
 * @param weightMap shards by the names of tensors
 */
public record WeightIndex(Path file, OptionalLong totalSize, SortedMap<String, String> weightMap) {

  private static final String WEIGHT_MAP = "weight_map";
  private static final String METADATA = "metadata";

  /**
   * Reads an index.
   *
   * @throws CheckpointException if it is malformed, or a shard's name leads out of the directory
   */
  public static WeightIndex read(Path file) {
    return read(file, Fault::raise);
  }

  /** Reads an index as far as that goes. */
  static WeightIndex read(Path file, Consumer<Fault> faults) {
    ObjectNode json = object(file, faults);
    requireObject(json, WEIGHT_MAP, FaultKind.MALFORMED_INDEX, file, faults);
    requireObject(json, METADATA, FaultKind.NO_INDEX_METADATA, file, faults);
    SortedMap<String, String> weightMap = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : json.path(WEIGHT_MAP).properties()) {
      JsonNode name = entry.getValue();
      if (!name.isString()) {
        report(
            FaultKind.MALFORMED_INDEX, file, "maps \"" + entry.getKey() + "\" to no file", faults);
      } else if (!PlainFileName.isPlain(name.stringValue())) {
        report(
            FaultKind.OUTSIDE_DIRECTORY,
            file,
            "names a file outside the directory: \"" + name.stringValue() + "\"",
            faults);
      } else {
        weightMap.put(entry.getKey(), name.stringValue());
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
      report(kind, file, "lacks the object \"" + key + "\"", faults);
    }
  }

  private static void report(FaultKind kind, Path file, String what, Consumer<Fault> faults) {
    faults.accept(new Fault(kind, file, what));
  }

  /** The shards' names. */
  public SortedSet<String> shards() {
    return new TreeSet<>(weightMap.values());
  }
}
