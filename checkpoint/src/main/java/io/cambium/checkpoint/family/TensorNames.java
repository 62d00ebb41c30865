package io.cambium.checkpoint.family;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a family calls its tensors on disk, and how it packs them. In a name {@code {layer}} and
 * {@code {expert}} stand for indices; a routed expert's name without {@code {expert}} names a
 * tensor of all experts, whose first axis counts them.
 */
final class TensorNames {

  /** The names most families share. */
  static final TensorNames COMMON =
      new TensorNames(Map.of())
          .with(Part.EMBEDDING, "model.embed_tokens.weight")
          .with(Part.FINAL_NORM, "model.norm.weight")
          .with(Part.LM_HEAD, "lm_head.weight")
          .with(Part.ATTENTION_NORM, "model.layers.{layer}.input_layernorm.weight")
          .with(Part.QUERY, "model.layers.{layer}.self_attn.q_proj.weight")
          .with(Part.QUERY_BIAS, "model.layers.{layer}.self_attn.q_proj.bias")
          .with(Part.KEY, "model.layers.{layer}.self_attn.k_proj.weight")
          .with(Part.KEY_BIAS, "model.layers.{layer}.self_attn.k_proj.bias")
          .with(Part.VALUE, "model.layers.{layer}.self_attn.v_proj.weight")
          .with(Part.VALUE_BIAS, "model.layers.{layer}.self_attn.v_proj.bias")
          .with(Part.ATTENTION_OUTPUT, "model.layers.{layer}.self_attn.o_proj.weight")
          .with(Part.ATTENTION_OUTPUT_BIAS, "model.layers.{layer}.self_attn.o_proj.bias")
          .with(Part.QUERY_NORM, "model.layers.{layer}.self_attn.q_norm.weight")
          .with(Part.KEY_NORM, "model.layers.{layer}.self_attn.k_norm.weight")
          .with(Part.FEED_FORWARD_NORM, "model.layers.{layer}.post_attention_layernorm.weight")
          .with(Part.DENSE_GATE, "model.layers.{layer}.mlp.gate_proj.weight")
          .with(Part.DENSE_UP, "model.layers.{layer}.mlp.up_proj.weight")
          .with(Part.DENSE_DOWN, "model.layers.{layer}.mlp.down_proj.weight")
          .with(Part.ROUTER, "model.layers.{layer}.mlp.gate.weight")
          .with(Part.EXPERT_GATE, "model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight")
          .with(Part.EXPERT_UP, "model.layers.{layer}.mlp.experts.{expert}.up_proj.weight")
          .with(Part.EXPERT_DOWN, "model.layers.{layer}.mlp.experts.{expert}.down_proj.weight");

  /** DeepSeek-V3's, which several families took over. */
  static final TensorNames DEEPSEEK_V3 =
      COMMON
          .with(Part.SELECTION_BIAS, "model.layers.{layer}.mlp.gate.e_score_correction_bias")
          .with(Part.SHARED_GATE, "model.layers.{layer}.mlp.shared_experts.gate_proj.weight")
          .with(Part.SHARED_UP, "model.layers.{layer}.mlp.shared_experts.up_proj.weight")
          .with(Part.SHARED_DOWN, "model.layers.{layer}.mlp.shared_experts.down_proj.weight");

  /** How the parts of one tensor on disk lie in it. */
  enum Packing {
    /** One under the other; a matrix is [out, in]. */
    ROWS,
    /** Side by side; a matrix is [in, out]. */
    COLUMNS,
    /** Column by column in turn; a matrix is [in, out]. */
    ALTERNATING_COLUMNS,
    /** A vector as the one row of a matrix. */
    ONE_ROW
  }

  /**
   * Where a part lies.
   *
   * @param template the name
   * @param together all parts in this tensor, in their order
   */
  record Home(String template, Packing packing, List<Part> together) {}

  private final Map<Part, Home> homes;

  private TensorNames(Map<Part, Home> homes) {
    this.homes = homes;
  }

  /** The same, with a tensor of its own for this part. */
  TensorNames with(Part part, String template) {
    return with(template, Packing.ROWS, part);
  }

  /** The same, with one tensor for these parts. */
  TensorNames with(String template, Packing packing, Part... together) {
    Map<Part, Home> changed = new EnumMap<>(Part.class);
    changed.putAll(homes);
    for (Part part : together) {
      changed.put(part, new Home(template, packing, List.of(together)));
    }
    return new TensorNames(changed);
  }

  /** Experts in two tensors of all experts: gate above up [E, 2F, D], and down [E, D, F]. */
  TensorNames withFusedExperts(String gateUp, String down) {
    return with(gateUp, Packing.ROWS, Part.EXPERT_GATE, Part.EXPERT_UP)
        .with(down, Packing.ROWS, Part.EXPERT_DOWN);
  }

  /** With the experts fused as transformers 5 holds them in memory. */
  TensorNames fused() {
    return withFusedExperts(
        "model.layers.{layer}.mlp.experts.gate_up_proj",
        "model.layers.{layer}.mlp.experts.down_proj");
  }

  /** Null if the family has no such tensor. */
  @Nullable Home home(Part part) {
    return homes.get(part);
  }
}
