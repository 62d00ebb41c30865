package io.cambium.checkpoint.family;

import io.cambium.checkpoint.UsageException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys of config.json that a change of the experts touches.
 *
 * @param count the number of routed experts
 * @param aliases further names for it, changed where they are present
 * @param topK the number of experts per token
 * @param scale the factor on the routing weights; null where the family has none
 */
record ExpertKeys(String count, List<String> aliases, String topK, @Nullable String scale) {

  ObjectNode withExperts(ObjectNode config, int experts) {
    ObjectNode changed = config.deepCopy().put(count, experts);
    aliases.stream().filter(config::has).forEach(alias -> changed.put(alias, experts));
    return changed;
  }

  ObjectNode withTopK(ObjectNode config, int experts) {
    return config.deepCopy().put(topK, experts);
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
