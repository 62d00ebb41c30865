package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * MiniMax M2: a sigmoid router on grouped-query attention normalised over all heads. Defaults are
 * those of transformers' MiniMaxM2Config.
 */
final class MiniMaxM2 extends Family {

  @Override
  public String modelType() {
    return "minimax_m2";
  }

  @Override
  public String architecture() {
    return "MiniMaxM2ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    config.requireValue("scoring_func", "sigmoid");
    int headDim = read.headDim(128);
    double partial =
        config.json().has("rotary_dim")
            ? (double) config.requirePositiveInt("rotary_dim") / headDim
            : 1;
    Rope rope = read.rope(5_000_000, partial, headDim, false, new RopeScaling.None());
    GroupedQuery attention = read.attention(headDim, false, HeadNorm.ALL_HEADS, rope);
    read.silu();
    Mixture mixture =
        read.mixture(expertKeys(), "intermediate_size", new Router(Score.SIGMOID, true, true, 1));
    return read.decoder(
        false, read.norms(1e-6), DecoderSpec.alike(attention, read.inAllLayers(mixture)));
  }

  private static final TensorNames NAMES =
      Mixtral.NAMES.with(
          Part.SELECTION_BIAS, "model.layers.{layer}.block_sparse_moe.e_score_correction_bias");

  @Override
  void spellOut(ObjectNode config) {
    ConfigWriter.putSelection(config);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES);
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.counting("num_local_experts", "num_experts");
  }
}
