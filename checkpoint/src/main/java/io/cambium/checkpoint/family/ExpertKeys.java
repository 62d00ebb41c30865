package io.cambium.checkpoint.family;

import io.cambium.checkpoint.UsageException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys of config.json that a change of the experts touches, under every name that the family's
 * class in transformers gives them (its {@code attribute_map}), its own first.
 *
 * @param count the number of routed experts
 * @param topK the number of experts per token
 * @param scale the factor on the routing weights; null where the family has none
 */
record ExpertKeys(List<String> count, List<String> topK, @Nullable String scale) {

  private static final List<String> TOP_K = List.of("num_experts_per_tok");

  /** Those of DeepSeek-V3's class, which others took over. */
  static final ExpertKeys DEEPSEEK_V3 = scaled("n_routed_experts", "num_local_experts");

  /** The experts per token under their usual name, and no factor. */
  static ExpertKeys counting(String... count) {
    return new ExpertKeys(List.of(count), TOP_K, null);
  }

  /** The experts per token and the factor under their usual names. */
  static ExpertKeys scaled(String... count) {
    return new ExpertKeys(List.of(count), TOP_K, "routed_scaling_factor");
  }

  ObjectNode withExperts(ObjectNode config, int experts) {
    return with(config, count, experts);
  }

  ObjectNode withTopK(ObjectNode config, int experts) {
    return with(config, topK, experts);
  }

  /** Under the class's own name, and under every other that is there. */
  private static ObjectNode with(ObjectNode config, List<String> names, int value) {
    ObjectNode changed = config.deepCopy().put(names.getFirst(), value);
    names.stream().filter(config::has).forEach(name -> changed.put(name, value));
    return changed;
  }

  ObjectNode withScale(ObjectNode config, double factor) {
    if (scale == null) {
      throw new UsageException(
          null,
          "the family's weights are not normalised, and it has no factor to even that out",
          "grow it in another mode than wide");
    }
    return config.deepCopy().put(scale, factor);
  }
}
