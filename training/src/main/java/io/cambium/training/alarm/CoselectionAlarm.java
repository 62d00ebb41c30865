package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.Coselection;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Tokens that go on to choose two siblings: their slots go to fewer lineages than before the
 * growth. A layer of one lineage, grown from a dense model, cannot but choose siblings.
 */
final class CoselectionAlarm implements Alarm {

  private final Coselection bounds;
  private final List<Integer> layers;
  private final PlainSteps plain = new PlainSteps();
  private final Occurrence stuck = new Occurrence(1, 1);

  CoselectionAlarm(Coselection bounds, List<Integer> layers) {
    this.bounds = bounds;
    this.layers = layers;
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    plain.hear(event);
    return event instanceof Metric.Evaluation evaluation ? hear(evaluation) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Evaluation evaluation) {
    SortedMap<Integer, List<Integer>> where =
        plain.passed(bounds.steps(), evaluation) ? stuck(evaluation) : new TreeMap<>();
    return stuck.begins(!where.isEmpty())
        ? Optional.of(alarm(evaluation, where))
        : Optional.empty();
  }

  private SortedMap<Integer, List<Integer>> stuck(Metric.Evaluation evaluation) {
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    List<LayerHealth.Siblings> first = plain.siblingsAtFirst();
    List<LayerHealth.Siblings> now = PlainSteps.siblings(evaluation);
    for (int layer = 0; layer < layers.size(); layer++) {
      double bound =
          Math.max(bounds.tolerated(), first.get(layer).coselection() * (1 - bounds.fall()));
      if (now.get(layer).lineages() > 1 && now.get(layer).coselection() > bound) {
        where.put(layers.get(layer), now.get(layer).nearest());
      }
    }
    return where;
  }

  private Metric.Alarm alarm(
      Metric.Evaluation evaluation, SortedMap<Integer, List<Integer>> where) {
    return new Metric.Alarm(
        evaluation.step(),
        evaluation.tokens(),
        "coselection",
        String.format(
            Locale.ROOT,
            "tokens that choose two siblings do not become fewer: %.2f when the model became plain"
                + " top-K, %.2f now, %d steps later; the nearest siblings: %s",
            mean(plain.siblingsAtFirst()),
            mean(PlainSteps.siblings(evaluation)),
            bounds.steps(),
            Places.text(where)),
        "grow with rows that differ more (growth.row_delta), or part the replicas"
            + " (growth.replicas drop)",
        where,
        bounds.stop());
  }

  private static double mean(List<LayerHealth.Siblings> layers) {
    return layers.stream().mapToDouble(LayerHealth.Siblings::coselection).average().orElseThrow();
  }
}
