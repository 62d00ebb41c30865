package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * SmolLM 3: every fourth layer knows no positions. Defaults are those of transformers'
 * SmolLM3Config.
 */
final class SmolLm3 extends Family {

  @Override
  public String modelType() {
    return "smollm3";
  }

  @Override
  public String architecture() {
    return "SmolLM3ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("mlp_bias");
    read.requireFalse("use_sliding_window");
    read.requireFullAttention();
    int headDim = read.headDim(0);
    GroupedQuery rotary =
        read.attentionWithFlag(headDim, false, HeadNorm.NONE, read.rope(2_000_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    List<Layer> layers =
        IntStream.range(0, read.layers())
            .mapToObj(
                i -> new Layer(read.hasPositions(i) ? rotary : rotary.withoutRope(null), dense))
            .toList();
    return read.decoder(true, read.norms(1e-6), layers);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
