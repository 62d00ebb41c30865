package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import java.util.List;

/** ERNIE 4.5: rotary pairs side by side. Defaults are those of transformers' Ernie4_5Config. */
final class Ernie45 extends Family {

  @Override
  public String modelType() {
    return "ernie4_5";
  }

  @Override
  public String architecture() {
    return "Ernie4_5ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("use_bias");
    int headDim = read.headDim(128);
    Rope rope = read.rope(500_000, headDim, true, new RopeScaling.None());
    GroupedQuery attention = read.attention(headDim, false, HeadNorm.NONE, rope);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        true, read.norms(1e-5), DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
