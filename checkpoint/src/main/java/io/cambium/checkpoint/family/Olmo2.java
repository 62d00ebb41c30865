package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/**
 * OLMo 2: blocks are normalised behind, query and key over all heads. Defaults are those of
 * transformers' Olmo2Config.
 */
final class Olmo2 extends Family {

  @Override
  public String modelType() {
    return "olmo2";
  }

  @Override
  public String architecture() {
    return "Olmo2ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.ALL_HEADS, read.rope(10_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false, read.normsAfter(1e-5), DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  /** OLMo's names for the norms, which stand behind the blocks. */
  static final TensorNames NAMES =
      TensorNames.COMMON
          .with(Part.ATTENTION_NORM, "model.layers.{layer}.post_attention_layernorm.weight")
          .with(Part.FEED_FORWARD_NORM, "model.layers.{layer}.post_feedforward_layernorm.weight");

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }
}
