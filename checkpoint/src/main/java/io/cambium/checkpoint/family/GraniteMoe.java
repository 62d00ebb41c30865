package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Scales;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;

/**
 * Granite 3 MoE: softmax over the chosen, experts in two tensors per layer. Defaults are those of
 * transformers' GraniteMoeConfig.
 */
final class GraniteMoe extends Family {

  @Override
  public String modelType() {
    return "granitemoe";
  }

  @Override
  public String architecture() {
    return "GraniteMoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.NONE, read.rope(10_000, headDim))
            .withScale(config.doubleOr("attention_multiplier", 1));
    read.silu();
    Mixture mixture =
        read.mixture(expertKeys(), "intermediate_size", new Router(Score.SOFTMAX, false, true, 1));
    return read.decoder(
        false,
        read.norms(1e-6),
        read.graniteScales(),
        DecoderSpec.alike(attention, read.inAllLayers(mixture)));
  }

  private static final String PREFIX = "model.layers.{layer}.block_sparse_moe.";

  private static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.ROUTER, PREFIX + "router.layer.weight")
          .withFusedExperts(PREFIX + "input_linear.weight", PREFIX + "output_linear.weight");

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
        new Router(Score.SOFTMAX, false, true, 1), Shared.NONE, Biases.ON_ALL_OR_NONE);
  }

  @Override
  void writeConfig(ConfigWriter config) {
    Scales scales = config.spec().scales();
    config
        .biasFlag()
        .put("attention_multiplier", config.attention().scale())
        .put("embedding_multiplier", scales.embedding())
        .put("residual_multiplier", scales.residual())
        .put("logits_scaling", scales.logits())
        .experts(expertKeys())
        .put("intermediate_size", config.mixture().intermediateSize());
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_local_experts");
  }
}
