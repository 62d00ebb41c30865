package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/**
 * Hunyuan's dense models: heads are normalised after rotation. Defaults are those of transformers'
 * HunYuanDenseV1Config.
 */
final class HunYuanDenseV1 extends Family {

  @Override
  public String modelType() {
    return "hunyuan_v1_dense";
  }

  @Override
  public String architecture() {
    return "HunYuanDenseV1ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false, read.norms(1e-5), DecoderSpec.alike(attention(read), read.inAllLayers(dense)));
  }

  static GroupedQuery attention(ConfigReader read) {
    int headDim = read.headDim(0);
    return read.attentionWithFlag(
        headDim, false, HeadNorm.PER_HEAD_AFTER_ROPE, read.hunYuanRope(headDim));
  }

  /** Hunyuan's names for the norms on the heads. */
  static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.QUERY_NORM, "model.layers.{layer}.self_attn.query_layernorm.weight")
          .with(Part.KEY_NORM, "model.layers.{layer}.self_attn.key_layernorm.weight");

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }
}
