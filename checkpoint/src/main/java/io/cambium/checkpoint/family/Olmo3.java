package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * OLMo 3: OLMo 2 with windows in three of four layers, whose rope is another than that of the full
 * ones. Defaults are those of transformers' Olmo3Config.
 */
final class Olmo3 extends Family {

  private static final double THETA = 500_000;
  private static final String ROPES = "rope_parameters";

  @Override
  public String modelType() {
    return "olmo3";
  }

  @Override
  public String architecture() {
    return "Olmo3ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    Reach window = Reach.window(config.positiveIntOr("sliding_window", 4096));
    GroupedQuery full = attention(ofLayers(config, "full_attention"));
    ModelConfig sliding = ofLayers(config, "sliding_attention");
    GroupedQuery slides = attention(sliding).withReach(window);
    requireOneMeaning(config, sliding);
    IntFunction<Reach> reach = read.reachOfLayers(window, layer -> (layer + 1) % 4 != 0);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    List<Layer> layers =
        IntStream.range(0, read.layers())
            .mapToObj(i -> new Layer(reach.apply(i).equals(Reach.FULL) ? full : slides, dense))
            .toList();
    return read.decoder(false, read.normsAfter(1e-5), layers);
  }

  private static GroupedQuery attention(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    return read.attentionWithFlag(headDim, false, HeadNorm.ALL_HEADS, read.rope(THETA, headDim));
  }

  /**
   * A config.json as a model would have it all of whose layers are of this type: transformers 5
   * keeps a rope for each, and transformers 4's {@code rope_scaling} is that of the full ones.
   */
  private static ModelConfig ofLayers(ModelConfig config, String type) {
    ObjectNode json = config.json();
    JsonNode ropes = json.path(ROPES);
    if (config.has(ROPES) && ropes.properties().stream().anyMatch(e -> !e.getValue().isObject())) {
      throw config.unsupported(ROPES, ropes, "an object for each type of layers");
    }
    json.set(ROPES, ropes.get(type));
    if (type.equals("sliding_attention")) {
      json.remove("rope_scaling");
    }
    return new ModelConfig(config.file(), json);
  }

  /** Transformers 4 takes the flat key for all layers, transformers 5 for the full ones only. */
  private static void requireOneMeaning(ModelConfig config, ModelConfig sliding) {
    double flat = config.positiveDoubleOr("rope_theta", THETA);
    if (flat != THETA && !sliding.json().path(ROPES).has("rope_theta")) {
      throw config.unsupported(
          "rope_theta", flat, "rope_parameters with a rope_theta for each type of layers");
    }
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(Olmo2.NAMES);
  }
}
