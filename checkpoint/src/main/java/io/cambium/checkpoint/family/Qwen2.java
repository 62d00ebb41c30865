package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/**
 * Qwen 1.5 to 2.5: biases on query, key and value. Defaults are those of transformers' Qwen2Config.
 */
final class Qwen2 extends Family {

  @Override
  public String modelType() {
    return "qwen2";
  }

  @Override
  public String architecture() {
    return "Qwen2ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attention(headDim, true, HeadNorm.NONE, read.rope(10_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false,
        read.norms(1e-6),
        ConfigReader.layers(
            attention, read.qwenReach(read.fromMaxWindowLayers(28)), read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
