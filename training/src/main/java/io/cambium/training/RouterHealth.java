package io.cambium.training;

import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.LayerHealth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Puts together what is known of the routing layers after an evaluation. */
final class RouterHealth {

  private RouterHealth() {}

  /**
   * The health of every routing layer, over all domains.
   *
   * @param passes what was counted in each domain
   * @param active the experts that can be chosen, by routing layer
   */
  static List<LayerHealth> of(
      ModelInTraining model, Collection<RoutingStatistics> passes, Map<Integer, int[]> active) {
    Map<Integer, List<Integer>> parents = model.parents();
    Map<Integer, List<SiblingWeights.Pair>> pairs =
        parents == null ? Map.of() : SiblingWeights.compare(model.decoder(), parents);
    List<LayerHealth> health = new ArrayList<>();
    for (int layer : model.decoder().spec().mixtureLayers()) {
      RoutingStatistics.Counts counts = RoutingStatistics.total(layer, passes);
      health.add(
          new LayerHealth(
              Balance.of(counts.assignments_E(), Objects.requireNonNull(active.get(layer))),
              counts.routerEntropy(),
              parents == null
                  ? null
                  : siblings(
                      counts,
                      Objects.requireNonNull(parents.get(layer)),
                      Objects.requireNonNull(pairs.get(layer)))));
    }
    return health;
  }

  private static LayerHealth.Siblings siblings(
      RoutingStatistics.Counts counts, List<Integer> lineages, List<SiblingWeights.Pair> pairs) {
    SiblingWeights.Pair nearest = SiblingWeights.nearest(pairs);
    return new LayerHealth.Siblings(
        (int) lineages.stream().distinct().count(),
        counts.siblingCoselection(),
        counts.distinctLineages(),
        pairs.stream().mapToDouble(SiblingWeights.Pair::cosine).average().orElseThrow(),
        nearest.distance(),
        List.of(nearest.first(), nearest.second()));
  }
}
