package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * DeepSeek-V3 and R1: latent attention, sigmoid scores chosen with a bias within groups; weights
 * may be fp8. Defaults are those of transformers' DeepseekV3Config.
 */
final class DeepseekV3 extends Family {

  @Override
  public String modelType() {
    return "deepseek_v3";
  }

  @Override
  public String architecture() {
    return "DeepseekV3ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = ConfigReader.ofQuantised(config);
    return read.decoder(
        false,
        read.norms(1e-6),
        DecoderSpec.alike(
            read.latentAttention(config.booleanOr("rope_interleave", true)),
            read.deepSeekFeedForwards(3, 1, true, 2.5, 8, 4)));
  }

  @Override
  void spellOut(ObjectNode config) {
    ConfigWriter.putSelection(config);
    ConfigWriter.putOneGroup(config);
  }

  @Override
  public Quantisation quantisation(ModelConfig config) {
    return Quantisation.of(config, "fp8");
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(DeepseekV2.NAMES, DeepseekV2.NAMES.fused());
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
