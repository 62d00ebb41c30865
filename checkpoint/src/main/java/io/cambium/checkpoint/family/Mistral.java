package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/** Mistral 7B: a window over all layers. Defaults are those of transformers' MistralConfig. */
final class Mistral extends Family {

  @Override
  public String modelType() {
    return "mistral";
  }

  @Override
  public String architecture() {
    return "MistralForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attention(headDim, false, HeadNorm.NONE, read.rope(10_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false,
        read.norms(1e-6),
        DecoderSpec.alike(attention.withReach(read.window(4096)), read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
