package io.cambium.lab;

import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How evenly the tokens of the last training steps fell on the experts (docs/watch.md). Loads count
 * experts in play only: not the replicas that a growth still holds back.
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

  /**
   * Over the last {@value #LAST_STEPS} steps, or those since the model grew if they are fewer;
   * those before where it has not been trained since.
   */
  public static LoadBalance atEnd(RunHistory run) {
    List<Metric.Train> steps = lastSteps(run);
    List<Balance> layers = balances(steps, run.expertsInPlay());
    return new LoadBalance(
        steps.stream()
            .flatMap(step -> step.balance().stream())
            .mapToDouble(Balance::maxVio)
            .average()
            .orElse(0),
        layers.stream().mapToDouble(Balance::maxVio).average().orElse(0),
        layers.stream().mapToDouble(Balance::cv).average().orElse(0),
        layers.stream().mapToDouble(Balance::min).min().orElse(0),
        layers.stream().mapToDouble(Balance::max).max().orElse(0),
        layers.stream().mapToInt(layer -> layer.dead().size()).sum());
  }

  private static List<Metric.Train> lastSteps(RunHistory run) {
    int experts = RunHistory.experts(run.steps().getLast());
    List<Metric.Train> steps =
        run.steps().stream().filter(step -> RunHistory.experts(step) == experts).toList();
    return steps.subList(Math.max(0, steps.size() - LAST_STEPS), steps.size());
  }

  /**
   * By layer, of the load of all steps together.
   *
   * @param inPlay experts that take part; those held back, in whatever places, have the least load
   */
  private static List<Balance> balances(List<Metric.Train> steps, int inPlay) {
    return IntStream.range(0, steps.getLast().load().size())
        .mapToObj(layer -> {
          double[] load_E = sum(steps, layer);
          Arrays.sort(load_E);
          int heldBack = Math.max(0, load_E.length - inPlay);
          return Balance.of(load_E, IntStream.range(heldBack, load_E.length).toArray());
        })
        .toList();
  }

  private static double[] sum(List<Metric.Train> steps, int layer) {
    double[] load_E = new double[steps.getLast().load().get(layer).size()];
    for (Metric.Train step : steps) {
      Arrays.setAll(load_E, expert -> load_E[expert] + step.load().get(layer).get(expert));
    }
    return load_E;
  }
}
