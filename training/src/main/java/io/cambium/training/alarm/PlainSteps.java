package io.cambium.training.alarm;

import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Counts the steps since a grown model became a plain top-K model, as its evaluations tell. */
final class PlainSteps {

  private Metric.@Nullable Evaluation first;

  /** A growth begins anew. */
  void hear(Metric event) {
    if (event instanceof Metric.Growth) {
      first = null;
    } else if (first == null
        && event instanceof Metric.Evaluation evaluation
        && plain(evaluation)) {
      first = evaluation;
    }
  }

  private static boolean plain(Metric.Evaluation evaluation) {
    return evaluation.release() == 1
        && evaluation.health().stream().anyMatch(layer -> layer.siblings() != null);
  }

  /** Whether that many steps have passed by an evaluation. */
  boolean passed(long steps, Metric.Evaluation evaluation) {
    return first != null && evaluation.step() - first.step() >= steps;
  }

  /**
   * What the siblings of each routing layer were like at the first evaluation of the plain model.
   */
  List<LayerHealth.Siblings> siblingsAtFirst() {
    return siblings(Objects.requireNonNull(first));
  }

  /** What the siblings of each routing layer are like, in a model that has any. */
  static List<LayerHealth.Siblings> siblings(Metric.Evaluation evaluation) {
    return evaluation.health().stream()
        .map(layer -> Objects.requireNonNull(layer.siblings()))
        .toList();
  }
}
