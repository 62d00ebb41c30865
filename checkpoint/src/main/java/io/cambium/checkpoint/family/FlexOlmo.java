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

/** FlexOlmo: OLMo 2 with experts. Defaults are those of transformers' FlexOlmoConfig. */
final class FlexOlmo extends Family {

  @Override
  public String modelType() {
    return "flex_olmo";
  }

  @Override
  public String architecture() {
    return "FlexOlmoForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.silu();
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.ALL_HEADS, read.rope(500_000, headDim));
    Mixture mixture =
        read.mixture(
            expertKeys(),
            "intermediate_size",
            new Router(Score.SOFTMAX, false, config.booleanOr("norm_topk_prob", false), 1));
    return read.decoder(
        false, read.normsAfter(1e-6), DecoderSpec.alike(attention, read.inAllLayers(mixture)));
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
        .experts(expertKeys())
        .put("intermediate_size", config.mixture().intermediateSize())
        .put("norm_topk_prob", true);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(Olmo2.NAMES, Olmo2.NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_experts", "num_local_experts");
  }
}
