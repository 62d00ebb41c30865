package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupScore;
import io.cambium.checkpoint.family.DecoderSpec.Groups;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * DeepSeek-V2: latent attention, softmax scores that are not normalised. Defaults are those of
 * transformers' DeepseekV2Config.
 */
final class DeepseekV2 extends Family {

  @Override
  public String modelType() {
    return "deepseek_v2";
  }

  @Override
  public String architecture() {
    return "DeepseekV2ForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    read.requireFalse("mlp_bias");
    String method = config.stringOr("topk_method", "greedy");
    Groups groups =
        switch (method) {
          case "greedy" -> Groups.ONE;
          case "group_limited_greedy" ->
              new Groups(
                  config.requirePositiveInt("n_group"),
                  config.requirePositiveInt("topk_group"),
                  GroupScore.BEST);
          default ->
              throw config.unsupported("topk_method", method, "greedy, group_limited_greedy");
        };
    int experts = read.experts(expertKeys());
    int width = config.requirePositiveInt("moe_intermediate_size");
    // transformers passes over norm_topk_prob: the weights are never normalised.
    Router router =
        new Router(
            Score.SOFTMAX,
            false,
            false,
            false,
            config.doubleOr("routed_scaling_factor", 1),
            read.fitting(groups, experts),
            false);
    Mixture mixture =
        new Mixture(
            experts,
            read.topK(expertKeys(), experts),
            width,
            read.sharedWidth("n_shared_experts", 2, width),
            router);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), read.silu());
    int denseLayers = config.countOr("first_k_dense_replace", 0);
    return read.decoder(
        false,
        read.norms(1e-6),
        DecoderSpec.alike(
            read.latentAttention(true),
            read.feedForwards(layer -> layer >= denseLayers, mixture, dense)));
  }

  private static final String ATTENTION = "model.layers.{layer}.self_attn.";

  /** Latent attention's names. */
  static final TensorNames NAMES =
      TensorNames.DEEPSEEK_V3
          .with(Part.QUERY_DOWN, ATTENTION + "q_a_proj.weight")
          .with(Part.QUERY_DOWN_NORM, ATTENTION + "q_a_layernorm.weight")
          .with(Part.QUERY_UP, ATTENTION + "q_b_proj.weight")
          .with(Part.KEY_VALUE_DOWN, ATTENTION + "kv_a_proj_with_mqa.weight")
          .with(Part.KEY_VALUE_DOWN_NORM, ATTENTION + "kv_a_layernorm.weight")
          .with(Part.KEY_VALUE_UP, ATTENTION + "kv_b_proj.weight");

  @Override
  void spellOut(ObjectNode config) {
    ConfigWriter.putOneGroup(config);
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(NAMES, NAMES.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return ExpertKeys.scaled("n_routed_experts", "num_experts");
  }
}
