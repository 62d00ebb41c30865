package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.MixtureForm.Biases;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * GLM-4.5 and 4.6: grouped-query attention, dense first layers, a normalised sigmoid router with a
 * selection bias, one shared expert. Defaults are those of transformers' Glm4MoeConfig.
 */
final class Glm4Moe extends Family {

  @Override
  public String modelType() {
    return "glm4_moe";
  }

  @Override
  public String architecture() {
    return "Glm4MoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    config.requireAbsent("sliding_window");
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attention(
            headDim,
            config.booleanOr("attention_bias", false),
            config.booleanOr("use_qk_norm", false) ? HeadNorm.PER_HEAD : HeadNorm.NONE,
            read.rope(10_000, 0.5, headDim, false, new RopeScaling.None()));
    return read.decoder(
        false,
        read.norms(1e-5),
        DecoderSpec.alike(attention, read.deepSeekFeedForwards(1, null, true, 1, 1, 1)));
  }

  @Override
  public MixtureForm mixtureForm() {
    return MixtureForm.of(
            new Router(Score.SIGMOID, true, true, 1), Shared.PLAIN, Biases.AS_THEY_ARE)
        .asUntied();
  }

  @Override
  void writeConfig(ConfigWriter config) {
    GroupedQuery attention = config.attention();
    config
        .put("attention_bias", attention.inputBias())
        .put("use_qk_norm", attention.headNorm() == HeadNorm.PER_HEAD)
        .partialRotary()
        .deepSeekLayers(expertKeys())
        .put(PredictionLayers.KEY, 0);
  }

  @Override
  void spellOut(ObjectNode config) {
    ConfigWriter.putSelection(config);
    ConfigWriter.putOneGroup(config);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.DEEPSEEK_V3, TensorNames.DEEPSEEK_V3.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.DEEPSEEK_V3;
  }

  @Override
  public boolean isOfPredictionLayer(String tensor, ModelConfig config) {
    return PredictionLayers.hold(tensor, config);
  }
}
