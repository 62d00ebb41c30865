package io.cambium.upcycle.engine;

import static io.cambium.upcycle.engine.Candidate.of;
import static io.cambium.upcycle.engine.Rule.notVerified;
import static io.cambium.upcycle.engine.Rule.refused;
import static io.cambium.upcycle.engine.Rule.warned;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.RopeScaling.Linear;
import io.cambium.checkpoint.family.RopeScaling.Llama3;
import io.cambium.checkpoint.family.RopeScaling.None;
import io.cambium.checkpoint.family.RopeScaling.Yarn;
import io.cambium.upcycle.engine.Verdict.Word;
import java.util.List;

/** Of llama.cpp's converter and runtime of October 2026, run in fp32 on the CPU. */
final class LlamaCppRules {

  private LlamaCppRules() {}

  static final List<Rule> ALL =
      List.of(
          refused(
              "router without scoring_func",
              of("dots1", "deepseek_v3", "minimax_m2")
                  .and(candidate -> !candidate.config().hasNonNull("scoring_func")),
              "without \"scoring_func\": \"sigmoid\" in config.json it takes softmax (off by 2.6)"),
          refused(
              "normalised qwen2_moe",
              of("qwen2_moe").and(Candidate::isNormalised),
              "it never normalises the routing weights of qwen2_moe (off by 0.6)"),
          warned(
              "qwen3_moe that is not normalised",
              of("qwen3_moe").and(candidate -> !candidate.isNormalised()),
              "it always normalises the routing weights of qwen3_moe (off by 0.3)"),
          warned(
              "normalised olmoe",
              of("olmoe").and(Candidate::isNormalised),
              "it never normalises the routing weights of olmoe (off by 2.2)"),
          new Rule(
              "window of mixtral",
              Word.WARNED,
              of("mixtral").and(Candidate::hasWindow),
              candidate ->
                  "it ignores the sliding window: right up to %d tokens, off by 3 beyond"
                      .formatted(candidate.window().orElseThrow())),
          notVerified(
              "windows of other families",
              of("dots1", "qwen2_moe", "qwen3_moe").and(Candidate::hasWindow),
              "a window was not run in this family"),
          refused(
              "dense layers of qwen2_moe and qwen3_moe",
              of("qwen2_moe", "qwen3_moe").and(Candidate::hasDenseLayers),
              "it refuses dense layers among those with experts"),
          refused(
              "dense layers of ernie4_5_moe behind the first",
              of("ernie4_5_moe").and(Candidate::isInterleaved),
              "it takes dense layers before those with experts, and none behind"),
          refused(
              "shared experts of ernie4_5_moe",
              of("ernie4_5_moe").and(Candidate::hasSharedOfUnusualWidth),
              "its converter takes intermediate_size / num_key_value_heads for the width of the"
                  + " shared expert"),
          refused(
              "qwen2_moe without a shared expert",
              of("qwen2_moe").and(candidate -> candidate.mixture().sharedIntermediateSize() == 0),
              "it refuses a shared expert of width 0: give it a small one with a down projection"
                  + " of zeros"),
          refused(
              "glm4_moe without a shared expert",
              of("glm4_moe").and(candidate -> candidate.mixture().sharedIntermediateSize() == 0),
              "it refuses n_shared_experts 0: give it one with a down projection of zeros"),
          refused(
              "attention bias of qwen3_moe, ernie4_5_moe and dots1",
              of("qwen3_moe", "ernie4_5_moe", "dots1").and(Candidate::hasAttentionBias),
              "it refuses the attention's biases"),
          refused(
              "fewer key heads in olmoe and dots1",
              of("olmoe", "dots1").and(Candidate::hasFewerKeyHeads),
              "it refuses fewer key and value heads than heads in this family"),
          refused(
              "deepseek_v3 with all groups in play",
              of("deepseek_v3").and(Candidate::hasAllGroupsInPlay),
              "it aborts where topk_group is n_group: write 1 for both, which is the same function"),
          refused(
              "heads of another size in granitemoe",
              of("granitemoe").and(candidate -> !candidate.hasPlainHeadDim()),
              "it takes hidden_size / heads for the size of a head, whatever head_dim says"),
          refused(
              "hunyuan_v1_moe",
              of("hunyuan_v1_moe"),
              "its converter takes the published model alone: widths in a list, its own rope"),
          refused("flex_olmo", of("flex_olmo"), "it does not know the architecture"),
          refused(
              "fused experts",
              candidate -> !candidate.usualForm(),
              "its converter wants a tensor for each expert: save the source with transformers 5"
                  + " first, which cuts them apart"),
          refused(
              "glm4_moe with another's tokenizer",
              of("glm4_moe").and(candidate -> !candidate.glmTokens()),
              "its converter asks for GLM's own special tokens, so it converts without the"
                  + " vocabulary only"),
          refused(
              "activations other than silu",
              candidate -> candidate.mixture().activation() == Activation.GELU_TANH,
              "its experts compute silu, whatever hidden_act says (off by 2.1)"),
          warned(
              "yarn of gpt_oss",
              of("gpt_oss").and(candidate -> candidate.hasScaling(Yarn.class)),
              "its YaRN rounds where gpt_oss does not (off by 0.03)"),
          refused(
              "llama3's rope in granitemoe and glm4_moe",
              of("granitemoe", "glm4_moe").and(candidate -> candidate.hasScaling(Llama3.class)),
              "it knows llama3's rope in mixtral alone (off by 3)"),
          notVerified(
              "other scaled ropes of mixtral",
              of("mixtral")
                  .and(candidate ->
                      !candidate.hasScaling(None.class, Linear.class, Llama3.class, Yarn.class)),
              "of scaled ropes, linear ones, llama3's and yarn's were run"),
          notVerified(
              "scaled ropes of other families",
              of("mixtral", "gpt_oss", "hunyuan_v1_moe")
                  .negate()
                  .and(candidate -> !candidate.hasScaling(None.class)),
              "scaled ropes were not run in this family"));
}
