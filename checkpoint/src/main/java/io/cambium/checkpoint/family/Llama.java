package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/** Llama 1 to 3.2, SmolLM 2 and many more. Defaults are those of transformers' LlamaConfig. */
final class Llama extends Family {

  @Override
  public String modelType() {
    return "llama";
  }

  @Override
  public String architecture() {
    return "LlamaForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("mlp_bias");
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.NONE, read.rope(10_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false, read.norms(1e-6), DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  @Override
  void writeConfig(ConfigWriter config) {
    config.biasFlag().put("mlp_bias", false).put("intermediate_size", config.denseWidth());
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
