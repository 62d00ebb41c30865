package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.IdenticalClones;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Siblings that training does not part: an expert that is computed, and paid for, twice. */
final class IdenticalClonesAlarm implements Alarm {

  private final IdenticalClones bounds;
  private final List<Integer> layers;
  private final PlainSteps plain = new PlainSteps();
  private final Occurrence identical = new Occurrence(1, 1);

  IdenticalClonesAlarm(IdenticalClones bounds, List<Integer> layers) {
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
        plain.passed(bounds.steps(), evaluation) ? nearest(evaluation) : new TreeMap<>();
    return identical.begins(!where.isEmpty())
        ? Optional.of(alarm(evaluation, where))
        : Optional.empty();
  }

  private SortedMap<Integer, List<Integer>> nearest(Metric.Evaluation evaluation) {
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    List<LayerHealth.Siblings> siblings = PlainSteps.siblings(evaluation);
    for (int layer = 0; layer < layers.size(); layer++) {
      if (siblings.get(layer).distance() < bounds.distance()) {
        where.put(layers.get(layer), siblings.get(layer).nearest());
      }
    }
    return where;
  }

  private Metric.Alarm alarm(
      Metric.Evaluation evaluation, SortedMap<Integer, List<Integer>> where) {
    return new Metric.Alarm(
        evaluation.step(),
        evaluation.tokens(),
        "identical_clones",
        String.format(
            Locale.ROOT,
            "siblings with the same weights, to within %s of their norm, after %d steps: %s",
            bounds.distance(),
            bounds.steps(),
            Places.text(where)),
        "grow with what parts them: growth.rows split, growth.replicas drop, or in mode flat"
            + " growth.bias_noise",
        where,
        bounds.stop());
  }
}
