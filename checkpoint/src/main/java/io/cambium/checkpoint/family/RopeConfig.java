package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The rotary embedding in config.json: transformers 4 writes {@code rope_theta} and {@code
 * rope_scaling}, transformers 5 one object {@code rope_parameters}; a file may hold both and they
 * must agree.
 */
final class RopeConfig {

  private static final String PARAMETERS = "rope_parameters";
  private static final String SCALING = "rope_scaling";
  private static final String ORIGINAL = "original_max_position_embeddings";

  private final ModelConfig config;

  RopeConfig(ModelConfig config) {
    this.config = config;
    for (String key : new String[] {PARAMETERS, SCALING}) {
      if (config.has(key) && !config.json().get(key).isObject()) {
        throw config.unsupported(key, config.json().get(key), "an object");
      }
    }
    for (Map.Entry<String, JsonNode> entry : config.json().path(PARAMETERS).properties()) {
      // An object in it is a rope of its own for one type of layer.
      if (entry.getValue().isObject()) {
        throw config.unsupported(
            PARAMETERS, config.json().get(PARAMETERS), "one rope for all layers");
      }
    }
  }

  /**
   * Writes a rope in the newer style in the older as well, which is all that transformers 4 reads.
   */
  static void addOlderStyle(ObjectNode config) {
    if (config.has("rope_theta") || !config.path(PARAMETERS).isObject()) {
      return;
    }
    ObjectNode scaling = (ObjectNode) config.get(PARAMETERS).deepCopy();
    for (String flat : new String[] {"rope_theta", "partial_rotary_factor"}) {
      JsonNode value = scaling.remove(flat);
      if (value != null) {
        config.set(flat, value);
      }
    }
    boolean unscaled = scaling.path("rope_type").asString("default").equals("default");
    config.set(SCALING, unscaled ? config.nullNode() : scaling);
  }

  double theta(double classDefault) {
    return either("rope_theta", classDefault);
  }

  double partialRotaryFactor(double classDefault) {
    return either("partial_rotary_factor", classDefault);
  }

  /** A number that stands at the top in the older style. */
  private double either(String key, double classDefault) {
    double flat = config.positiveDoubleOr(key, classDefault);
    if (number(SCALING, key).isPresent()) {
      throw config.unsupported(
          SCALING + "." + key, number(SCALING, key).getAsDouble(), "none there");
    }
    OptionalDouble nested = number(PARAMETERS, key);
    if (nested.isEmpty()) {
      return flat;
    }
    if (config.json().has(key) && nested.getAsDouble() != flat) {
      throw new CheckpointException(
          config.file(),
          "\"%s\" is %s but \"%s.%s\" is %s"
              .formatted(key, flat, PARAMETERS, key, nested.getAsDouble()),
          "remove the wrong one");
    }
    if (nested.getAsDouble() <= 0) {
      throw config.unsupported(PARAMETERS + "." + key, nested.getAsDouble(), "above zero");
    }
    return nested.getAsDouble();
  }

  /**
   * How frequencies are scaled.
   *
   * @param classDefault where neither style says anything
   */
  RopeScaling scaling(RopeScaling classDefault) {
    RopeScaling older = config.has(SCALING) ? scaling(SCALING) : null;
    RopeScaling newer = config.has(PARAMETERS) ? scaling(PARAMETERS) : null;
    if (older != null && newer != null && !older.equals(newer)) {
      throw differentRopes();
    }
    return newer != null ? newer : older != null ? older : classDefault;
  }

  private CheckpointException differentRopes() {
    return new CheckpointException(
        config.file(),
        "\"%s\" and \"%s\" describe different ropes".formatted(SCALING, PARAMETERS),
        "remove the wrong one");
  }

  private static String type(JsonNode rope) {
    return rope.path("rope_type").asString(rope.path("type").asString("default"));
  }

  private RopeScaling scaling(String object) {
    JsonNode rope = config.json().get(object);
    String type = type(rope);
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(require(object, "factor"));
      case "llama3" ->
          new RopeScaling.Llama3(
              require(object, "factor"),
              require(object, "low_freq_factor"),
              require(object, "high_freq_factor"),
              original(object));
      case "yarn" -> yarn(object, rope);
      // "su" is what the first files with it say.
      case "longrope", "su" -> longRope(object);
      default ->
          throw config.unsupported(
              object + ".rope_type", type, "default, linear, llama3, yarn, longrope");
    };
  }

  private RopeScaling yarn(String object, JsonNode rope) {
    double factor = require(object, "factor");
    return new RopeScaling.Yarn(
        factor,
        number(object, "beta_fast").orElse(32),
        number(object, "beta_slow").orElse(1),
        original(object),
        rope.path("truncate").asBoolean(true),
        yarnAttention(object, factor));
  }

  private RopeScaling longRope(String object) {
    List<Double> shortFactors = factors(object, "short_factor");
    List<Double> longFactors = factors(object, "long_factor");
    int original = original(object);
    return new RopeScaling.LongRope(
        shortFactors, longFactors, original, longRopeAttention(object, original));
  }

  private List<Double> factors(String object, String key) {
    List<Double> factors = new ArrayList<>();
    for (JsonNode factor : config.json().path(object).path(key)) {
      if (!factor.isNumber() || !Double.isFinite(factor.doubleValue()) || factor.asDouble() <= 0) {
        throw config.unsupported(object + "." + key, factor, "numbers above zero");
      }
      factors.add(factor.doubleValue());
    }
    if (factors.isEmpty()) {
      throw lacks(object, key);
    }
    return factors;
  }

  /** As transformers' _compute_longrope_parameters. */
  private double longRopeAttention(String object, int original) {
    OptionalDouble given = number(object, "attention_factor");
    if (given.isPresent()) {
      return given.getAsDouble();
    }
    double ratio = (double) config.requirePositiveInt("max_position_embeddings") / original;
    double factor = number(object, "factor").orElse(ratio);
    if (object.equals(SCALING) && config.has(ORIGINAL) && factor != ratio) {
      // Transformers 4 takes the ratio of the lengths, transformers 5 the factor.
      throw config.unsupported(object + ".factor", factor, ratio + ", or an attention_factor");
    }
    return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  }

  /** Positions of the first training: the key may stand beside the object or in it. */
  private int original(String object) {
    int inside =
        (int)
            number(object, ORIGINAL)
                .orElseGet(() -> config.requirePositiveInt("max_position_embeddings"));
    int flat = config.positiveIntOr(ORIGINAL, inside);
    if (number(object, ORIGINAL).isPresent() && flat != inside) {
      throw config.unsupported(ORIGINAL, flat, object + "'s " + inside);
    }
    return flat;
  }

  /** As transformers' _compute_yarn_parameters. */
  private double yarnAttention(String object, double factor) {
    OptionalDouble given = number(object, "attention_factor");
    double part = number(object, "mscale").orElse(0);
    double all = number(object, "mscale_all_dim").orElse(0);
    if (given.isPresent()) {
      return given.getAsDouble();
    }
    return part != 0 && all != 0
        ? yarnMagnitude(factor, part) / yarnMagnitude(factor, all)
        : yarnMagnitude(factor, 1);
  }

  /** By how much YaRN lengthens queries and keys together, as transformers computes it. */
  static double yarnMagnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  /**
   * Hunyuan's stretch of the base: {@code dynamic} with a fixed {@code alpha}, the same for
   * sequences of every length. Empty for every other rope.
   */
  OptionalDouble fixedAlpha() {
    OptionalDouble older = fixedAlpha(SCALING);
    OptionalDouble newer = fixedAlpha(PARAMETERS);
    if (config.has(SCALING) && config.has(PARAMETERS) && !older.equals(newer)) {
      throw differentRopes();
    }
    return newer.isPresent() ? newer : older;
  }

  private OptionalDouble fixedAlpha(String object) {
    OptionalDouble alpha = number(object, "alpha");
    if (alpha.isEmpty() || !type(config.json().path(object)).equals("dynamic")) {
      return OptionalDouble.empty();
    }
    if (alpha.getAsDouble() <= 0) {
      throw config.unsupported(object + ".alpha", alpha.getAsDouble(), "above zero");
    }
    return alpha;
  }

  /**
   * What DeepSeek multiplies the scale of its attention with: the square of YaRN's magnitude over
   * all dimensions; 1 without YaRN.
   */
  double deepSeekAttentionScale() {
    for (String object : new String[] {PARAMETERS, SCALING}) {
      if (config.has(object) && scaling(object) instanceof RopeScaling.Yarn yarn) {
        double all = number(object, "mscale_all_dim").orElse(0);
        double magnitude = all == 0 ? 1 : yarnMagnitude(yarn.factor(), all);
        return magnitude * magnitude;
      }
    }
    return 1;
  }

  private double require(String object, String key) {
    return number(object, key).orElseThrow(() -> lacks(object, key));
  }

  private CheckpointException lacks(String object, String key) {
    return new CheckpointException(
        config.file(),
        "\"" + object + "\" lacks \"" + key + "\"",
        "add the key with the value the model was trained with");
  }

  private OptionalDouble number(String object, String key) {
    JsonNode node = config.json().path(object).path(key);
    if (node.isMissingNode() || node.isNull()) {
      return OptionalDouble.empty();
    }
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw config.unsupported(object + "." + key, node, "a finite number");
    }
    return OptionalDouble.of(node.doubleValue());
  }
}
