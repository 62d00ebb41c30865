package io.cambium.upcycle.growth;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.GroupScore;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import java.util.Collection;

/** Whether a model's router can be grown in a mode at all. */
final class ModeFit {

  private ModeFit() {}

  /**
   * Refuses a mode that the router has no place for.
   *
   * @throws UsageException with a mode that it has a place for
   */
  static void require(GrowthOptions options, Mixture source, Collection<Lineages> layers) {
    if (options.mode() == Mode.COLD && !source.router().selectionBias()) {
      throw GrowthOptions.invalid(
          "mode",
          "cold holds replicas back by a selection bias, which this family's router has not",
          "take mode lineage, or wide with a multiple of " + source.experts() + " experts");
    }
    if (options.biasNoise() > 0 && !source.router().selectionBias()) {
      throw GrowthOptions.invalid(
          "bias-noise",
          "falls on a selection bias, which this family's router has not",
          "set it to 0; rows antithetic part the siblings instead");
    }
    if (options.mode() == Mode.WIDE) {
      requireWide(options, source, layers);
    }
  }

  private static void requireWide(
      GrowthOptions options, Mixture source, Collection<Lineages> layers) {
    if (!layers.stream().allMatch(Lineages::isUniform)) {
      throw GrowthOptions.invalid(
          "experts",
          options.experts() + " give unequal counts, which mode wide cannot weight",
          "name a multiple of " + source.experts() + ", and leave out counts");
    }
    if (source.router().groups().score() == GroupScore.BEST_TWO
        && source.router().groups().count() > 1) {
      throw notWide(
          "would change which groups are chosen: a group is judged by its two best experts, and"
              + " two siblings would take both places",
          "take mode cold, or a model with n_group = topk_group = 1");
    }
    if (source.router().weightsInput()) {
      throw notWide(
          "would add up the outputs of siblings, and a factor on their inputs is no factor on"
              + " their outputs",
          "take mode lineage");
    }
  }

  private static UsageException notWide(String what, String remedy) {
    return GrowthOptions.invalid("mode", "wide " + what, remedy);
  }
}
