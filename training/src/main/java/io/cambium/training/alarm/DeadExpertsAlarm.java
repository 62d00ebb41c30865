package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.DeadExperts;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Experts that hardly any token visits, for many steps. */
final class DeadExpertsAlarm implements Alarm {

  private final DeadExperts bounds;
  private final List<Integer> layers;

  /** By layer, in their order, and expert; empty until the next step. */
  private final List<List<Occurrence>> deaths = new ArrayList<>();

  DeadExpertsAlarm(DeadExperts bounds, List<Integer> layers) {
    this.bounds = bounds;
    this.layers = layers;
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    if (event instanceof Metric.Growth) {
      deaths.clear(); // other experts
    }
    return event instanceof Metric.Train step ? hear(step) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Train step) {
    if (deaths.isEmpty()) {
      step.load().forEach(load_E -> deaths.add(alive(load_E.size())));
    }
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      List<Integer> died = died(deaths.get(layer), step.balance().get(layer).dead());
      if (!died.isEmpty()) {
        where.put(layers.get(layer), died);
      }
    }
    return where.isEmpty() ? Optional.empty() : Optional.of(alarm(step, where));
  }

  private List<Occurrence> alive(int experts) {
    return IntStream.range(0, experts)
        .mapToObj(expert -> new Occurrence(bounds.steps(), bounds.steps()))
        .toList();
  }

  private static List<Integer> died(List<Occurrence> deaths, List<Integer> dead) {
    return IntStream.range(0, deaths.size())
        .filter(expert -> deaths.get(expert).begins(dead.contains(expert)))
        .boxed()
        .toList();
  }

  private Metric.Alarm alarm(Metric.Train step, SortedMap<Integer, List<Integer>> where) {
    return new Metric.Alarm(
        step.step(),
        step.tokens(),
        "dead_experts",
        "dead for %d steps: %s".formatted(bounds.steps(), Places.text(where)),
        "raise balance.rate, or give balance.aux_loss a weight",
        where,
        bounds.stop());
  }
}
