package io.cambium.checkpoint;

import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint's config.json, read strictly: a missing key is an error unless its class has a
 * default, and a value of the wrong type is one always, null included. Keys that nobody asks for
 * stay in {@link #json()} and are carried over.
 *
 * <p>All methods that read a value throw {@link CheckpointException} for a bad one.
 */
public final class ModelConfig {

  /** What transformers' classes draw at random in training, the heads of classifiers aside. */
  private static final Pattern TRAINING_NOISE =
      Pattern.compile("(?!classifier_).*(dropout|dropout_prob|dropout_rate|pdrop|jitter_noise)");

  private final Path file;
  private final ObjectNode json;

  /**
   * @param file the path that errors name
   */
  public ModelConfig(Path file, ObjectNode json) {
    this.file = file;
    this.json = json.deepCopy();
  }

  /** A copy of the whole object. */
  public ObjectNode json() {
    return json.deepCopy();
  }

  /** The path that errors name. */
  public Path file() {
    return file;
  }

  public String modelType() {
    return string("model_type", require("model_type"));
  }

  /** Whether the key is there, with a value that is not null. */
  public boolean has(String key) {
    return json.hasNonNull(key);
  }

  /** A whole number above zero that has no default. */
  public int requirePositiveInt(String key) {
    return requireInt(key, 1, Integer.MAX_VALUE);
  }

  /** A whole number, zero or more, that has no default. */
  public int requireCount(String key) {
    return requireInt(key, 0, Integer.MAX_VALUE);
  }

  /** A whole number from {@code least} to {@code most} that has no default. */
  public int requireInt(String key, int least, int most) {
    return integer(key, require(key), least, most);
  }

  /** A whole number above zero; the class's own default where the key is missing. */
  public int positiveIntOr(String key, int classDefault) {
    return json.has(key) ? integer(key, json.get(key), 1, Integer.MAX_VALUE) : classDefault;
  }

  /** A whole number, zero or more; the class's own default where the key is missing. */
  public int countOr(String key, int classDefault) {
    return json.has(key) ? integer(key, json.get(key), 0, Integer.MAX_VALUE) : classDefault;
  }

  /** A finite number; the class's own default where the key is missing. */
  public double doubleOr(String key, double classDefault) {
    return json.has(key) ? number(key, json.get(key)) : classDefault;
  }

  /** A finite number above zero; the class's own default where the key is missing. */
  public double positiveDoubleOr(String key, double classDefault) {
    return json.has(key) ? positive(key, json.get(key)) : classDefault;
  }

  public boolean booleanOr(String key, boolean classDefault) {
    if (!json.has(key)) {
      return classDefault;
    }
    JsonNode node = json.get(key);
    if (!node.isBoolean()) {
      throw wrong(key, node, "true or false");
    }
    return node.booleanValue();
  }

  public String stringOr(String key, String classDefault) {
    return json.has(key) ? string(key, json.get(key)) : classDefault;
  }

  /**
   * Refuses a value that would change the computation in a way that is not supported.
   *
   * @param supported the only value that is; also the class's default
   */
  public void requireValue(String key, String supported) {
    String value = stringOr(key, supported);
    if (!value.equals(supported)) {
      throw unsupported(key, value, supported);
    }
  }

  /** The same, where null stands for the class's default. */
  public void requireValueOrNull(String key, String supported) {
    if (has(key)) {
      requireValue(key, supported);
    }
  }

  /** The keys for noise in training (dropout and the like) that are not zero, with their values. */
  public SortedMap<String, Double> trainingNoise() {
    SortedMap<String, Double> noise = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      JsonNode value = entry.getValue();
      if (TRAINING_NOISE.matcher(entry.getKey()).matches()
          && value.isNumber()
          && value.doubleValue() != 0) {
        noise.put(entry.getKey(), value.doubleValue());
      }
    }
    return noise;
  }

  /** Refuses a key that would change the computation in a way that is not supported. */
  public void requireAbsent(String key) {
    if (has(key)) {
      throw unsupported(key, json.get(key), "no such key, or null");
    }
  }

  /** The error for a value that is well-formed, but not computed. */
  public CheckpointException unsupported(String key, Object value, Object supported) {
    return new CheckpointException(
        file,
        "\"" + key + "\" is " + value + ", which Cambium does not compute",
        "supported here: " + supported);
  }

  private JsonNode require(String key) {
    if (!has(key)) {
      throw new CheckpointException(
          file, "lacks \"" + key + "\"", "add the key with the value the model was trained with");
    }
    return json.get(key);
  }

  private int integer(String key, JsonNode node, int least, int most) {
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw wrong(key, node, "a whole number");
    }
    int value = node.intValue();
    if (value < least || value > most) {
      throw wrong(
          key, node, most == Integer.MAX_VALUE ? "at least " + least : least + " to " + most);
    }
    return value;
  }

  private double positive(String key, JsonNode node) {
    double value = number(key, node);
    if (value <= 0) {
      throw wrong(key, node, "above zero");
    }
    return value;
  }

  private double number(String key, JsonNode node) {
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw wrong(key, node, "a finite number");
    }
    return node.doubleValue();
  }

  private String string(String key, JsonNode node) {
    if (!node.isString()) {
      throw wrong(key, node, "a string");
    }
    return node.stringValue();
  }

  private CheckpointException wrong(String key, JsonNode node, String expected) {
    return new CheckpointException(file, "\"" + key + "\" is " + node + ", not " + expected, null);
  }
}
