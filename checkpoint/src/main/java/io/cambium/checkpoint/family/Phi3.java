package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.TensorNames.Packing;
import java.util.List;

/**
 * Phi 3 and 4: query, key and value in one tensor, gate and up in another. Defaults are those of
 * transformers' Phi3Config.
 */
final class Phi3 extends Family {

  @Override
  public String modelType() {
    return "phi3";
  }

  @Override
  public String architecture() {
    return "Phi3ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    int headDim = read.headDim(0);
    Rope rope = read.rope(10_000, 1, headDim, false, new RopeScaling.None());
    switch (rope.scaling()) {
      case RopeScaling.None none -> {}
      // The class has a default for the key beside the rope, which would overrule one in it.
      case RopeScaling.LongRope longRope ->
          config.requirePositiveInt("original_max_position_embeddings");
      default -> throw config.unsupported("rope_scaling", rope.scaling(), "longrope, or none");
    }
    GroupedQuery attention = read.attention(headDim, false, HeadNorm.NONE, rope);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    return read.decoder(
        false,
        read.norms(1e-5),
        DecoderSpec.alike(attention.withReach(read.window(0)), read.inAllLayers(dense)));
  }

  private static final TensorNames NAMES =
      TensorNames.COMMON
          .with(
              "model.layers.{layer}.self_attn.qkv_proj.weight",
              Packing.ROWS,
              Part.QUERY,
              Part.KEY,
              Part.VALUE)
          .with(
              "model.layers.{layer}.mlp.gate_up_proj.weight",
              Packing.ROWS,
              Part.DENSE_GATE,
              Part.DENSE_UP);

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }
}
