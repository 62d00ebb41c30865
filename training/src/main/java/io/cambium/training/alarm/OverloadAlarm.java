package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.Overload;
import io.cambium.training.metrics.Metric;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Layers that send most of their tokens to few experts, for many steps. */
final class OverloadAlarm implements Alarm {

  private final Overload bounds;
  private final List<Integer> layers;
  private final List<Occurrence> overloads;

  OverloadAlarm(Overload bounds, List<Integer> layers) {
    this.bounds = bounds;
    this.layers = layers;
    this.overloads =
        layers.stream().map(layer -> new Occurrence(bounds.steps(), bounds.steps())).toList();
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    return event instanceof Metric.Train step ? hear(step) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Train step) {
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    double worst = 0;
    for (int layer = 0; layer < layers.size(); layer++) {
      double maxVio = step.balance().get(layer).maxVio();
      if (overloads.get(layer).begins(maxVio > bounds.maxVio())) {
        List<Double> load_E = step.load().get(layer);
        where.put(layers.get(layer), List.of(load_E.indexOf(Collections.max(load_E))));
        worst = Math.max(worst, maxVio);
      }
    }
    return where.isEmpty() ? Optional.empty() : Optional.of(alarm(step, where, worst));
  }

  private Metric.Alarm alarm(
      Metric.Train step, SortedMap<Integer, List<Integer>> where, double worst) {
    return new Metric.Alarm(
        step.step(),
        step.tokens(),
        "overload",
        String.format(
            Locale.ROOT,
            "MaxVio above %s for %d steps, now up to %.1f; the busiest: %s",
            bounds.maxVio(),
            bounds.steps(),
            worst,
            Places.text(where)),
        "raise balance.rate, or give balance.aux_loss a weight",
        where,
        bounds.stop());
  }
}
