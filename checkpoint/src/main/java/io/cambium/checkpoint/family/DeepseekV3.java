package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import java.util.List;

/**
 * DeepSeek-V3 and R1: latent attention, sigmoid scores chosen with a bias within groups. Defaults
 * are those of transformers' DeepseekV3Config.
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
    ConfigReader read = new ConfigReader(config);
    return read.decoder(
        false,
        read.norms(1e-6),
        ConfigReader.layers(
            read.latentAttention(config.booleanOr("rope_interleave", true)),
            read.deepSeekFeedForwards(3, 1, true, 2.5, 8, 4)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(DeepseekV2.NAMES, DeepseekV2.NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return new ExpertKeys(
        "n_routed_experts",
        List.of("num_local_experts"),
        "num_experts_per_tok",
        "routed_scaling_factor");
  }

  @Override
  public boolean isOfPredictionLayer(String tensor, ModelConfig config) {
    return PredictionLayers.hold(tensor, config);
  }
}
