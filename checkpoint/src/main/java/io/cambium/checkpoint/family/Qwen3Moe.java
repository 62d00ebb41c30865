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

/** Qwen 3 MoE: norms on the heads. Defaults are those of transformers' Qwen3MoeConfig. */
final class Qwen3Moe extends Family {

  @Override
  public String modelType() {
    return "qwen3_moe";
  }

  @Override
  public String architecture() {
    return "Qwen3MoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    Reach reach = config.booleanOr("use_sliding_window", false) ? read.window(4096) : Reach.FULL;
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.PER_HEAD, read.rope(10_000, headDim))
            .withReach(reach);
    Mixture mixture =
        read.mixture(
            expertKeys(),
            "moe_intermediate_size",
            new Router(Score.SOFTMAX, false, config.booleanOr("norm_topk_prob", false), 1));
    read.silu();
    return read.decoder(
        false, read.norms(1e-6), DecoderSpec.alike(attention, read.qwenFeedForwards(mixture)));
  }

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, false, true, 1), Shared.NONE, Biases.ON_ALL_OR_NONE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config
        .biasFlag()
        .window()
        .put("use_sliding_window", config.attention().reach().kind() == Reach.Kind.WINDOW)
        .qwenLayers()
        .experts(expertKeys())
        // As transformers 5 calls it; both names together load in 4 and 5.
        .put("num_local_experts", config.mixture().experts())
        .put("norm_topk_prob", true);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON, TensorNames.COMMON.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_experts", "num_local_experts");
  }
}
