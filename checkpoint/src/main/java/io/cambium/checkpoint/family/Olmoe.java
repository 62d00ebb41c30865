package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.List;

/**
 * OLMoE: query and key normalised over all heads. Defaults are those of transformers' OlmoeConfig.
 */
final class Olmoe extends Family {

  @Override
  public String modelType() {
    return "olmoe";
  }

  @Override
  public String architecture() {
    return "OlmoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.silu();
    config.requireAbsent("clip_qkv");
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.ALL_HEADS, read.rope(10_000, headDim));
    Mixture mixture =
        read.mixture(
            expertKeys(),
            "intermediate_size",
            new Router(Score.SOFTMAX, false, config.booleanOr("norm_topk_prob", false), 1));
    return read.decoder(
        false, read.norms(1e-5), DecoderSpec.alike(attention, read.inAllLayers(mixture)));
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
