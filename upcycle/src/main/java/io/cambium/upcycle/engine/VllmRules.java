package io.cambium.upcycle.engine;

import static io.cambium.upcycle.engine.Candidate.of;
import static io.cambium.upcycle.engine.Rule.notVerified;
import static io.cambium.upcycle.engine.Rule.refused;
import static io.cambium.upcycle.engine.Rule.warned;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.RopeScaling;
import io.cambium.checkpoint.family.RopeScaling.Llama3;
import io.cambium.checkpoint.family.RopeScaling.Yarn;
import java.util.List;

/** Of vLLM 0.32.0, run on the CPU in fp32. */
final class VllmRules {

  private VllmRules() {}

  static final List<Rule> ALL =
      List.of(
          refused(
              "tied glm4_moe",
              of("glm4_moe").and(candidate -> candidate.decoder().tiedEmbeddings()),
              "it ignores that embeddings are tied (off by 5.6): write lm_head and"
                  + " tie_word_embeddings false"),
          refused(
              "attention bias of granitemoe and qwen3_moe",
              of("granitemoe", "qwen3_moe").and(Candidate::hasAttentionBias),
              "it drops the attention's biases without a word (off by 2.2 to 4.4)"),
          refused(
              "heads of another size in granitemoe",
              of("granitemoe").and(candidate -> !candidate.hasPlainHeadDim()),
              "it takes hidden_size / heads for the size of a head, whatever head_dim says"),
          warned(
              "normalised olmoe",
              of("olmoe").and(Candidate::isNormalised),
              "it never normalises the routing weights of olmoe (off by 0.6)"),
          refused(
              "qwen2_moe without a shared expert",
              of("qwen2_moe").and(candidate -> candidate.mixture().sharedIntermediateSize() == 0),
              "it refuses a shared expert of width 0: give it a small one with a down projection"
                  + " of zeros"),
          refused(
              "heads and biases of qwen2_moe",
              of("qwen2_moe")
                  .and(candidate -> !candidate.hasPlainHeadDim() || !candidate.hasAttentionBias()),
              "it takes biases on query, key and value and heads of hidden_size / heads for"
                  + " granted (without them off by 8, or no numbers at all)"),
          refused(
              "windows of qwen2_moe",
              of("qwen2_moe").and(Candidate::hasWindow),
              "it ignores the windows of qwen2_moe (off by 6)"),
          refused(
              "activations other than silu",
              candidate -> candidate.mixture().activation() == Activation.GELU_TANH,
              "its experts compute silu, whatever hidden_act says (off by 2.2)"),
          notVerified(
              "deepseek_v3",
              of("deepseek_v3"),
              "off by 1.7 on the CPU, even with topk_method noaux_tc, for a reason unknown"),
          notVerified("ernie4_5_moe", of("ernie4_5_moe"), "off by 0.6, for a reason unknown"),
          notVerified("gpt_oss", of("gpt_oss"), "unquantised it has no CPU backend"),
          notVerified(
              "deepseek_v2",
              of("deepseek_v2"),
              "it refuses other head sizes than the published models', and those were not run"),
          notVerified("minimax_m2", of("minimax_m2"), "no answer within 150 seconds on the CPU"),
          notVerified(
              "windows other than mixtral's",
              of("mixtral", "llama4_text", "qwen2_moe").negate().and(Candidate::hasWindow),
              "a window was run in mixtral only"),
          notVerified(
              "attention bias of olmoe",
              of("olmoe").and(Candidate::hasAttentionBias),
              "attention with biases was not run in this family"),
          notVerified(
              "scaled ropes",
              candidate ->
                  !candidate.hasScaling(RopeScaling.None.class)
                      && !(candidate.family().equals("mixtral")
                          && candidate.hasScaling(Llama3.class, Yarn.class)),
              "of scaled ropes, llama3's and yarn's were run, in mixtral"),
          notVerified(
              "fused experts",
              candidate -> !candidate.usualForm(),
              "a layer's experts in one tensor were not run: save the source with transformers 5"
                  + " first, which cuts them apart"));
}
