package io.cambium.training.config;

import io.cambium.checkpoint.EditDistance;
import io.cambium.checkpoint.UsageException;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.DoubleNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A complete configuration as the measure of others: it has every key, and a value of each type.
 */
final class KnownSettings {

  private final ObjectNode complete;

  KnownSettings(ObjectNode complete) {
    this.complete = complete;
  }

  /**
   * Refuses settings with a key that is not known, or with a value of another type.
   *
   * @throws UsageException with the path of the setting
   */
  void check(ObjectNode settings) {
    check(settings, complete, "");
  }

  /** Refuses settings with a key that is not known, whatever its value. */
  void checkKeys(ObjectNode settings, String prefix) {
    for (String key : settings.propertyNames()) {
      if (!complete.has(key)) {
        throw unknown(prefix + key, key, complete);
      }
    }
  }

  private void check(ObjectNode settings, ObjectNode known, String prefix) {
    for (Map.Entry<String, JsonNode> setting : settings.properties()) {
      String path = prefix + setting.getKey();
      JsonNode example = known.get(setting.getKey());
      if (example == null) {
        throw unknown(path, setting.getKey(), known);
      }
      requireSameType(path, setting.getValue(), example);
      if (setting.getValue() instanceof ObjectNode section) {
        if (example.isEmpty()) {
          checkWeights(section, path + ".");
        } else {
          check(section, (ObjectNode) example, path + ".");
        }
      }
    }
  }

  /** A section whose keys are names from the data, and whose values are numbers. */
  private static void checkWeights(ObjectNode section, String prefix) {
    section
        .properties()
        .forEach(weight ->
            requireSameType(prefix + weight.getKey(), weight.getValue(), DoubleNode.valueOf(1)));
  }

  private static void requireSameType(String path, JsonNode value, JsonNode example) {
    if (!fits(value, example)) {
      throw new UsageException(path, "is " + shown(value) + ", not " + typeOf(example), null);
    }
  }

  private static boolean fits(JsonNode value, JsonNode example) {
    return switch (example.getNodeType()) {
      case NUMBER -> example.isIntegralNumber() ? value.isIntegralNumber() : value.isNumber();
      case ARRAY -> // one by itself needs no brackets
          value.isArray()
              ? value.valueStream().allMatch(element -> fits(element, example.get(0)))
              : fits(value, example.get(0));
      default -> value.getNodeType() == example.getNodeType();
    };
  }

  private static String shown(JsonNode value) {
    return value.isNull() ? "empty" : value.toString();
  }

  private static String typeOf(JsonNode example) {
    return switch (example.getNodeType()) {
      case NUMBER -> example.isIntegralNumber() ? "a whole number" : "a number";
      case ARRAY -> typeOf(example.get(0)) + " or a list such as " + example;
      case OBJECT -> "a section with " + String.join(", ", example.propertyNames());
      default -> "text";
    };
  }

  private UsageException unknown(String path, String key, ObjectNode siblings) {
    String hint =
        Stream.concat(siblings.propertyNames().stream(), leaves(complete, ""))
            .min(Comparator.comparingInt(name -> EditDistance.between(key, lastKey(name))))
            .filter(
                name -> EditDistance.between(key, lastKey(name)) <= Math.max(1, key.length() / 3))
            .map(name -> "; did you mean " + name + "?")
            .orElse("");
    return new UsageException(
        path, "unknown" + hint, "known here: " + String.join(", ", siblings.propertyNames()));
  }

  /** The paths of all settings that are no sections. */
  private static Stream<String> leaves(ObjectNode node, String prefix) {
    return node.properties().stream()
        .flatMap(p ->
            p.getValue() instanceof ObjectNode inner
                ? leaves(inner, prefix + p.getKey() + ".")
                : Stream.of(prefix + p.getKey()));
  }

  private static String lastKey(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
