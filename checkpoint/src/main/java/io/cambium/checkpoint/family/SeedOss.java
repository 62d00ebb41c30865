package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/**
 * Seed-OSS: one flag for the biases of query, key and value, another for the output's. Defaults are
 * those of transformers' SeedOssConfig.
 */
final class SeedOss extends Family {

  @Override
  public String modelType() {
    return "seed_oss";
  }

  @Override
  public String architecture() {
    return "SeedOssForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("mlp_bias");
    int headDim = read.headDim(128);
    boolean inputBias = config.booleanOr("attention_bias", true);
    GroupedQuery attention =
        read.attention(headDim, inputBias, HeadNorm.NONE, read.rope(10_000, headDim))
            .withOutputBias(config.booleanOr("attention_out_bias", false));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false, read.norms(1e-6), DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
