package io.cambium.checkpoint;

import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint's config.json, read strictly: a missing key is an error unless its class has a
 * default, and a value of the wrong type is one always. Keys that nobody asks for stay in {@link
 * #json()} and are carried over.
 */
public final class ModelConfig {

  private final Path file;
  private final ObjectNode json;

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
    JsonNode node = require("model_type");
    if (!node.isString()) {
      throw wrongType("model_type", node, "a string");
    }
    return node.stringValue();
  }

  public boolean has(String key) {
    return json.hasNonNull(key);
  }

  /** A positive whole number that has no default. */
  public int requirePositiveInt(String key) {
    return positive(key, integer(key, require(key)));
  }

  /** A whole number, zero or more, that has no default. */
  public int requireCount(String key) {
    int value = integer(key, require(key));
    if (value < 0) {
      throw new CheckpointException(file, "\"" + key + "\" is " + value + ", below zero", null);
    }
    return value;
  }

  /** A whole number; the class's own default where the key is missing or null. */
  public int intOr(String key, int classDefault) {
    return has(key) ? integer(key, json.get(key)) : classDefault;
  }

  public double doubleOr(String key, double classDefault) {
    return number(key, json, classDefault);
  }

  public boolean booleanOr(String key, boolean classDefault) {
    if (!has(key)) {
      return classDefault;
    }
    JsonNode node = json.get(key);
    if (!node.isBoolean()) {
      throw wrongType(key, node, "true or false");
    }
    return node.booleanValue();
  }

  public String stringOr(String key, String classDefault) {
    if (!has(key)) {
      return classDefault;
    }
    JsonNode node = json.get(key);
    if (!node.isString()) {
      throw wrongType(key, node, "a string");
    }
    return node.stringValue();
  }

  /**
   * Refuses a value that would change the computation in a way that is not supported.
   *
   * @param supported the only value that is
   */
  public void requireValue(String key, String supported, String classDefault) {
    String value = stringOr(key, classDefault);
    if (!value.equals(supported)) {
      throw unsupported(key, value, supported);
    }
  }

  public CheckpointException unsupported(String key, Object value, Object supported) {
    return new CheckpointException(
        file,
        "\"" + key + "\" is " + value + ", which Cambium does not compute",
        "supported here: " + supported);
  }

  /**
   * The rotary base, from either style: transformers 4 writes {@code rope_theta}, transformers 5
   * {@code rope_parameters}.
   *
   * @throws CheckpointException if the checkpoint asks for a scaled rope, or if both styles
   *     disagree
   */
  public double ropeTheta(double classDefault) {
    double flat = doubleOr("rope_theta", classDefault);
    JsonNode parameters = json.path("rope_parameters");
    requireUnscaledRope("rope_parameters", parameters);
    requireUnscaledRope("rope_scaling", json.path("rope_scaling"));
    if (!parameters.hasNonNull("rope_theta")) {
      return flat;
    }
    double nested = number("rope_theta", (ObjectNode) parameters, classDefault);
    if (has("rope_theta") && nested != flat) {
      throw new CheckpointException(
          file,
          "rope_theta is " + flat + " but rope_parameters.rope_theta is " + nested,
          "remove the wrong one");
    }
    return nested;
  }

  private void requireUnscaledRope(String key, JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return;
    }
    JsonNode type =
        node.path("rope_type").isMissingNode() ? node.path("type") : node.path("rope_type");
    if (!node.isObject() || (type.isString() && !type.stringValue().equals("default"))) {
      throw unsupported(key, node, "rope_type \"default\"");
    }
  }

  private double number(String key, ObjectNode object, double classDefault) {
    if (!object.hasNonNull(key)) {
      return classDefault;
    }
    JsonNode node = object.get(key);
    if (!node.isNumber()) {
      throw wrongType(key, node, "a number");
    }
    return node.doubleValue();
  }

  private JsonNode require(String key) {
    if (!has(key)) {
      throw new CheckpointException(
          file, "lacks \"" + key + "\"", "add the key with the value the model was trained with");
    }
    return json.get(key);
  }

  private int integer(String key, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw wrongType(key, node, "a whole number");
    }
    return node.intValue();
  }

  private int positive(String key, int value) {
    if (value <= 0) {
      throw new CheckpointException(file, "\"" + key + "\" is " + value + ", not positive", null);
    }
    return value;
  }

  private CheckpointException wrongType(String key, JsonNode node, String expected) {
    return new CheckpointException(file, "\"" + key + "\" is " + node + ", not " + expected, null);
  }
}
