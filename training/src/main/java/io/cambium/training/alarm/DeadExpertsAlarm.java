package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.DeadExperts;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Layers with experts that hardly any token visits, for many steps. Experts that die later are part
 * of the same occurrence, until all of the layer's are alive again: evaluations count them.
 */
final class DeadExpertsAlarm implements Alarm {

  private final DeadExperts bounds;
  private final List<Integer> layers;
  private final List<Occurrence> occurrences;

  /**
   * Steps in a row for which each expert of each layer has been dead; empty until the next step.
   */
  private final List<int[]> dead_LE = new ArrayList<>();

  DeadExpertsAlarm(DeadExperts bounds, List<Integer> layers) {
    this.bounds = bounds;
    this.layers = layers;
    this.occurrences = layers.stream().map(layer -> new Occurrence(1, bounds.steps())).toList();
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    if (event instanceof Metric.Growth) {
      dead_LE.clear(); // other experts
    }
    return event instanceof Metric.Train step ? hear(step) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Train step) {
    if (dead_LE.isEmpty()) {
      step.load().forEach(load_E -> dead_LE.add(new int[load_E.size()]));
    }
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      List<Integer> deadNow = step.balance().get(layer).dead();
      List<Integer> longDead = longDead(dead_LE.get(layer), deadNow);
      Occurrence occurrence = occurrences.get(layer);
      boolean holds = !(occurrence.isPresent() ? deadNow : longDead).isEmpty();
      if (occurrence.begins(holds)) {
        where.put(layers.get(layer), longDead);
      }
    }
    return where.isEmpty() ? Optional.empty() : Optional.of(alarm(step, where));
  }

  private List<Integer> longDead(int[] steps_E, List<Integer> deadNow) {
    for (int expert = 0; expert < steps_E.length; expert++) {
      steps_E[expert] = deadNow.contains(expert) ? steps_E[expert] + 1 : 0;
    }
    return IntStream.range(0, steps_E.length)
        .filter(expert -> steps_E[expert] >= bounds.steps())
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
