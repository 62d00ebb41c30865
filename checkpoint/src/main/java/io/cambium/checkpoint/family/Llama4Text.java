package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Groups;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.DecoderSpec.Temperature;
import io.cambium.checkpoint.family.TensorNames.Packing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Llama 4's text model: the routing weight multiplies the expert's input, some layers know no
 * positions. Defaults are those of transformers' Llama4TextConfig.
 */
final class Llama4Text extends Family {

  @Override
  public String modelType() {
    return "llama4_text";
  }

  @Override
  public String architecture() {
    return "Llama4ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(128);
    HeadNorm norm =
        config.booleanOr("use_qk_norm", true) ? HeadNorm.UNIT_AFTER_ROPE : HeadNorm.NONE;
    GroupedQuery attention =
        read.attentionWithFlag(
            headDim, false, norm, read.rope(500_000, headDim, true, new RopeScaling.None()));
    int experts = read.experts(expertKeys());
    int width = config.requirePositiveInt("intermediate_size");
    Mixture mixture =
        new Mixture(
            experts,
            read.topK(expertKeys(), experts),
            width,
            width,
            new Router(Score.SIGMOID, false, false, false, 1, Groups.ONE, true));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size_mlp"), read.silu());
    List<FeedForward> feedForwards = read.feedForwards(routes(read), mixture, dense);
    // Layers with positions are chunked, the others see everything.
    read.requireLayerTypes(
        layer -> read.hasPositions(layer) ? "chunked_attention" : "full_attention");
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < feedForwards.size(); i++) {
      layers.add(new Layer(attention(read, attention, i), feedForwards.get(i)));
    }
    return read.decoder(false, read.norms(1e-5), layers);
  }

  /** {@code moe_layers}, or every so many layers. */
  private static IntPredicate routes(ConfigReader read) {
    if (read.config().has("moe_layers")) {
      List<Integer> layers = read.integers("moe_layers");
      return layers::contains;
    }
    int step = read.config().positiveIntOr("interleave_moe_layer_step", 1);
    return layer -> (layer + 1) % step == 0;
  }

  /** Layers with positions see their chunk only, those without see everything. */
  private static GroupedQuery attention(ConfigReader read, GroupedQuery rotary, int layer) {
    ModelConfig config = read.config();
    if (read.hasPositions(layer)) {
      return rotary.withReach(Reach.chunk(config.positiveIntOr("attention_chunk_size", 8192)));
    }
    Temperature temperature =
        config.booleanOr("attn_temperature_tuning", true)
            ? new Temperature(
                config.doubleOr("attn_scale", 0.1), config.positiveDoubleOr("floor_scale", 8192))
            : null;
    return rotary.withoutRope(temperature);
  }

  private static final String PREFIX = "model.layers.{layer}.feed_forward.";

  private static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.DENSE_GATE, PREFIX + "gate_proj.weight")
          .with(Part.DENSE_UP, PREFIX + "up_proj.weight")
          .with(Part.DENSE_DOWN, PREFIX + "down_proj.weight")
          .with(Part.ROUTER, PREFIX + "router.weight")
          .with(PREFIX + "experts.gate_up_proj", Packing.COLUMNS, Part.EXPERT_GATE, Part.EXPERT_UP)
          .with(PREFIX + "experts.down_proj", Packing.COLUMNS, Part.EXPERT_DOWN)
          .with(Part.SHARED_GATE, PREFIX + "shared_expert.gate_proj.weight")
          .with(Part.SHARED_UP, PREFIX + "shared_expert.up_proj.weight")
          .with(Part.SHARED_DOWN, PREFIX + "shared_expert.down_proj.weight");

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_local_experts");
  }
}
