package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import io.cambium.checkpoint.family.TensorNames.Packing;
import java.util.List;

/**
 * ERNIE 4.5 MoE: softmax, chosen with a bias; rotary pairs side by side. Defaults are those of
 * transformers' Ernie4_5_MoeConfig.
 */
final class Ernie45Moe extends Family {

  @Override
  public String modelType() {
    return "ernie4_5_moe";
  }

  @Override
  public String architecture() {
    return "Ernie4_5_MoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("use_bias");
    read.requireNumber("moe_norm_min", 1e-12);
    int headDim = read.headDim(0);
    Rope rope = read.rope(500_000, headDim, true, new RopeScaling.None());
    GroupedQuery attention = read.attention(headDim, false, HeadNorm.NONE, rope);
    int experts = read.experts(expertKeys());
    int width = config.requirePositiveInt("moe_intermediate_size");
    Mixture mixture =
        new Mixture(
            experts,
            read.topK(expertKeys(), experts),
            width,
            read.sharedWidth("moe_num_shared_experts", 2, width),
            new Router(Score.SOFTMAX, true, true, 1));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    int first = config.countOr("moe_layer_start_index", 1);
    int last = lastRouting(read);
    int interval = config.positiveIntOr("moe_layer_interval", 1);
    List<FeedForward> feedForwards =
        read.feedForwards(
            layer -> layer >= first && layer <= last && (layer + 1) % interval == 0,
            mixture,
            dense);
    return read.decoder(true, read.norms(1e-5), DecoderSpec.alike(attention, feedForwards));
  }

  private static final TensorNames NAMES =
      TensorNames.DEEPSEEK_V3.with(
          "model.layers.{layer}.mlp.moe_statics.e_score_correction_bias",
          Packing.ONE_ROW,
          Part.SELECTION_BIAS);

  /** -1 stands for the last layer. */
  private static int lastRouting(ConfigReader read) {
    int last = read.layers() - 1;
    double end = read.config().doubleOr("moe_layer_end_index", last);
    return end < 0 ? last : (int) end;
  }

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, true, true, 1), Shared.OPTIONAL, Biases.AS_THEY_ARE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    List<Integer> routing = config.mixtureLayers();
    Mixture mixture = config.mixture();
    config
        .put("use_bias", false)
        .put("moe_layer_start_index", routing.getFirst())
        .put("moe_layer_end_index", routing.getLast())
        .put("moe_layer_interval", 1)
        .experts(expertKeys())
        .put("moe_intermediate_size", mixture.intermediateSize())
        .put(
            "moe_num_shared_experts", mixture.sharedIntermediateSize() / mixture.intermediateSize())
        .put("moe_norm_min", 1e-12)
        .put("intermediate_size", config.denseWidth());
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES, NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return new ExpertKeys(
        List.of("moe_num_experts", "num_experts"), List.of("moe_k", "num_experts_per_tok"), null);
  }
}
