package io.cambium.upcycle.engine;

import static io.cambium.upcycle.engine.Candidate.of;
import static io.cambium.upcycle.engine.Rule.refused;
import static io.cambium.upcycle.engine.Rule.warned;

import java.util.List;

/** Of transformers 4.57.6 and of 5.18 to 5.23, run with every family that Cambium knows. */
final class TransformersRules {

  private TransformersRules() {}

  private static final Rule OLMOE_HEADS =
      refused(
          "olmoe with heads of another size",
          of("olmoe").and(candidate -> !candidate.hasPlainHeadDim()),
          "olmoe takes hidden_size / heads for the size of a head, whatever head_dim says");

  static final List<Rule> VERSION_4 =
      List.of(
          refused(
              "class that 4.57 lacks",
              of("minimax_m2"),
              "4.57 has no class for it: take transformers 5"),
          OLMOE_HEADS,
          refused(
              "heads of another size",
              of("granitemoe", "qwen2_moe").and(candidate -> !candidate.hasPlainHeadDim()),
              "4.57's class takes hidden_size / heads for the size of a head, whatever head_dim"
                  + " says: take transformers 5"),
          refused(
              "fused experts",
              candidate -> !candidate.usualForm(),
              "4.57 does not read a layer's experts out of one tensor, and draws others at random"
                  + " with no more than a warning: save the source with transformers 5 first, which"
                  + " cuts them apart"),
          refused(
              "windows of qwen2_moe",
              of("qwen2_moe").and(Candidate::hasWindow),
              "4.57 puts the windows of qwen2_moe into other layers (logits off by 3.8): take"
                  + " transformers 5"));

  static final List<Rule> VERSION_5 =
      List.of(
          OLMOE_HEADS,
          warned(
              "rows of no multiple of 16 bytes",
              // Llama 4 has a kernel of its own.
              of("llama4_text").negate().and(Candidate::hasOddRows),
              "its grouped kernel wants rows of experts, width and hidden_size, in multiples of 16"
                  + " bytes: load with experts_implementation=\"eager\""));
}
