package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Qwen 1.5 MoE and Qwen 2 MoE: a shared expert behind a gate. Defaults are those of transformers'
 * Qwen2MoeConfig.
 */
final class Qwen2Moe extends Family {

  @Override
  public String modelType() {
    return "qwen2_moe";
  }

  @Override
  public String architecture() {
    return "Qwen2MoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    boolean bias = config.booleanOr("qkv_bias", true);
    GroupedQuery attention =
        read.attention(headDim, bias, HeadNorm.NONE, read.rope(10_000, headDim));
    int experts = read.experts(expertKeys());
    Mixture mixture =
        new Mixture(
            experts,
            read.topK(expertKeys(), experts),
            config.requirePositiveInt("moe_intermediate_size"),
            read.silu(),
            false,
            config.requireCount("shared_expert_intermediate_size"),
            true,
            new Router(Score.SOFTMAX, false, config.booleanOr("norm_topk_prob", false), 1));
    return read.decoder(
        false,
        read.norms(1e-6),
        ConfigReader.layers(attention, reach(read), read.qwenFeedForwards(mixture)));
  }

  private static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.SHARED_SCALE, "model.layers.{layer}.mlp.shared_expert_gate.weight")
          .with(Part.SHARED_GATE, "model.layers.{layer}.mlp.shared_expert.gate_proj.weight")
          .with(Part.SHARED_UP, "model.layers.{layer}.mlp.shared_expert.up_proj.weight")
          .with(Part.SHARED_DOWN, "model.layers.{layer}.mlp.shared_expert.down_proj.weight");

  /** Its own rule: every other layer below {@code max_window_layers} slides. */
  private static IntFunction<Reach> reach(ConfigReader read) {
    int below = read.config().countOr("max_window_layers", 28);
    return read.qwenReach(layer -> layer % 2 == 0 && layer < below);
  }

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, false, true, 1), Shared.GATED, Biases.ON_INPUTS);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config
        .put("qkv_bias", config.attention().inputBias())
        .put("use_sliding_window", false)
        .qwenLayers()
        .experts(expertKeys())
        .put("shared_expert_intermediate_size", config.mixture().sharedIntermediateSize())
        .put("norm_topk_prob", true);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES, NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_experts");
  }
}
