package io.cambium.lab;

import io.cambium.training.Loads;
import io.cambium.training.metrics.Metric;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How evenly the tokens of the last training steps fell on the experts (method, section 6). Loads
 * count experts in play only: not the replicas that a growth still holds back.
 *
 * @param maxVioBatch max load / mean load - 1 of a step's batch, as logged; mean over steps and
 *     layers
 * @param maxVioGlobal the same of the load over all these steps together; mean over layers
 * @param coefficientOfVariation standard deviation / mean of that load; mean over layers
 * @param lowest the least loaded expert of any layer, relative to the mean load
 * @param highest the most loaded one
 * @param dead experts with a load below 0.08 / N, over all layers
 */
@JsonNaming(SnakeCaseStrategy.class)
public record LoadBalance(
    double maxVioBatch,
    double maxVioGlobal,
    double coefficientOfVariation,
    double lowest,
    double highest,
    int dead) {

  private static final int LAST_STEPS = 50;

  /** Over the last {@value #LAST_STEPS} steps, or those since the model grew if they are fewer. */
  public static LoadBalance atEnd(RunHistory run) {
    List<Metric.Train> steps = lastSteps(run);
    double[][] load_LE = meanLoad(steps, run.expertsInPlay());
    List<DoubleSummaryStatistics> layers =
        Arrays.stream(load_LE).map(load_E -> Arrays.stream(load_E).summaryStatistics()).toList();
    return new LoadBalance(
        steps.stream()
            .flatMap(step -> step.maxVio().stream())
            .mapToDouble(v -> v)
            .average()
            .orElse(0),
        mean(layers, layer -> layer.getMax() - 1),
        Arrays.stream(load_LE).mapToDouble(LoadBalance::standardDeviation).average().orElse(0),
        layers.stream().mapToDouble(DoubleSummaryStatistics::getMin).min().orElse(0),
        layers.stream().mapToDouble(DoubleSummaryStatistics::getMax).max().orElse(0),
        (int)
            Arrays.stream(load_LE)
                .flatMapToDouble(Arrays::stream)
                .filter(x -> x < Loads.DEAD_BELOW)
                .count());
  }

  private static List<Metric.Train> lastSteps(RunHistory run) {
    List<Metric.Train> steps =
        run.steps().stream().filter(step -> RunHistory.experts(step) == run.experts()).toList();
    return steps.subList(Math.max(0, steps.size() - LAST_STEPS), steps.size());
  }

  /**
   * [layer][expert] load relative to the mean, steps averaged, in ascending order.
   *
   * @param inPlay experts that take part; those held back, in whatever places, have the least load
   */
  private static double[][] meanLoad(List<Metric.Train> steps, int inPlay) {
    int layers = steps.getLast().load().size();
    double[][] load_LE = new double[layers][];
    for (int layer = 0; layer < layers; layer++) {
      double[] load_E = sum(steps, layer);
      Arrays.sort(load_E);
      load_LE[layer] = Arrays.copyOfRange(load_E, load_E.length - inPlay, load_E.length);
    }
    for (double[] load_E : load_LE) {
      double mean = Arrays.stream(load_E).average().orElseThrow();
      Arrays.setAll(load_E, expert -> load_E[expert] / mean);
    }
    return load_LE;
  }

  private static double[] sum(List<Metric.Train> steps, int layer) {
    double[] load_E = new double[steps.getLast().load().get(layer).size()];
    for (Metric.Train step : steps) {
      Arrays.setAll(load_E, expert -> load_E[expert] + step.load().get(layer).get(expert));
    }
    return load_E;
  }

  /** Of loads with mean 1. */
  private static double standardDeviation(double[] load_E) {
    return Math.sqrt(
        Arrays.stream(load_E).map(load -> (load - 1) * (load - 1)).average().orElseThrow());
  }

  private static double mean(
      List<DoubleSummaryStatistics> layers, ToDoubleFunction<DoubleSummaryStatistics> value) {
    return layers.stream().mapToDouble(value).average().orElse(0);
  }
}
