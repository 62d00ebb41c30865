package io.cambium.lab.report;

import io.cambium.lab.RunHistory;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How the load of the experts went, averaged over stretches of steps. A stretch never spans a
 * growth, so all its steps have the same experts.
 *
 * @param tokens at the end of the stretch
 * @param load [layer][expert] load relative to the layer's mean: 1 is perfect balance
 */
public record LoadOverTime(long tokens, List<List<Double>> load) {

  private static final int MOST_STRETCHES = 150;
  private static final int DIGITS = 2;

  static List<LoadOverTime> of(RunHistory run) {
    // A dense model has no loads.
    List<Metric.Train> steps = run.steps().stream().filter(step -> !step.load().isEmpty()).toList();
    int length = Math.ceilDiv(steps.size(), MOST_STRETCHES);
    List<LoadOverTime> stretches = new ArrayList<>();
    int begin = 0;
    for (int end = 1; end <= steps.size(); end++) {
      boolean grows = end < steps.size() && experts(steps, end) != experts(steps, begin);
      if (end - begin == length || end == steps.size() || grows) {
        stretches.add(mean(steps.subList(begin, end)));
        begin = end;
      }
    }
    return stretches;
  }

  private static int experts(List<Metric.Train> steps, int step) {
    return steps.get(step).load().getFirst().size();
  }

  private static LoadOverTime mean(List<Metric.Train> steps) {
    List<List<Double>> load = new ArrayList<>();
    for (int layer = 0; layer < steps.getFirst().load().size(); layer++) {
      load.add(mean(steps, layer));
    }
    return new LoadOverTime(steps.getLast().tokens(), load);
  }

  private static List<Double> mean(List<Metric.Train> steps, int layer) {
    int experts = steps.getFirst().load().get(layer).size();
    double[] load_E = new double[experts];
    for (Metric.Train step : steps) {
      for (int expert = 0; expert < experts; expert++) {
        load_E[expert] += step.load().get(layer).get(expert) * experts / steps.size();
      }
    }
    return Thinning.rounded(Arrays.stream(load_E).boxed().toList(), DIGITS);
  }
}
