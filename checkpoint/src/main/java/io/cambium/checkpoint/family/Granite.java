package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import java.util.List;

/** Granite 3: four constant factors. Defaults are those of transformers' GraniteConfig. */
final class Granite extends Family {

  @Override
  public String modelType() {
    return "granite";
  }

  @Override
  public String architecture() {
    return "GraniteForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("mlp_bias");
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.NONE, read.rope(10_000, headDim))
            .withScale(config.doubleOr("attention_multiplier", 1));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false,
        read.norms(1e-6),
        read.graniteScales(),
        DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
