package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;

/**
 * Mixtral: softmax over the chosen experts in every layer. Defaults are those of transformers'
 * MixtralConfig.
 */
final class Mixtral extends Family {

  @Override
  public String modelType() {
    return "mixtral";
  }

  @Override
  public String architecture() {
    return "MixtralForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attention(headDim, false, HeadNorm.NONE, read.rope(1_000_000, headDim))
            .withReach(read.window(0));
    Mixture mixture =
        read.mixture(expertKeys(), "intermediate_size", new Router(Score.SOFTMAX, false, true, 1))
            .withActivation(read.activation());
    return read.decoder(
        false, read.norms(1e-5), DecoderSpec.alike(attention, read.inAllLayers(mixture)));
  }

  private static final String PREFIX = "model.layers.{layer}.block_sparse_moe.";

  /** Mixtral's names for router and experts, which other families took over. */
  static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.ROUTER, PREFIX + "gate.weight")
          .with(Part.EXPERT_GATE, PREFIX + "experts.{expert}.w1.weight")
          .with(Part.EXPERT_UP, PREFIX + "experts.{expert}.w3.weight")
          .with(Part.EXPERT_DOWN, PREFIX + "experts.{expert}.w2.weight");

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, false, true, 1), Shared.NONE, Biases.AS_THEY_ARE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config
        .window()
        .experts(expertKeys())
        .put("intermediate_size", config.mixture().intermediateSize());
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES, TensorNames.COMMON.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_local_experts", "num_experts");
  }
}
