package io.cambium.lab;

import io.cambium.training.metrics.Metric;
import java.util.Comparator;
import java.util.Optional;

/**
 * The largest rise of the validation loss over the ungrown run while a growth anneals to plain
 * top-K (docs/grow.md).
 *
 * @param nats mean validation loss of the grown model minus the ungrown one's, at equal tokens;
 *     below zero where the grown model is better throughout
 * @param tokens where
 */
public record LargestRise(double nats, long tokens) {

  /**
   * Compares the runs from right after the growth, the first where there are several, to the end of
   * the window.
   *
   * @param windowSteps length of the window in steps
   * @return empty where the runs have no evaluation in common there, or the run never grew
   */
  public static Optional<LargestRise> of(RunHistory grown, RunHistory ungrown, long windowSteps) {
    return grown.growths().stream()
        .findFirst()
        .flatMap(growth -> of(grown, ungrown, growth, windowSteps));
  }

  private static Optional<LargestRise> of(
      RunHistory grown, RunHistory ungrown, Metric.Growth growth, long windowSteps) {
    long end =
        grown.evaluations().stream()
            .filter(evaluation -> evaluation.step() <= growth.step() + windowSteps)
            .mapToLong(Metric.Evaluation::tokens)
            .max()
            .orElse(growth.tokens());
    return grown.lossOver(ungrown).subMap(growth.tokens(), end + 1).entrySet().stream()
        .map(over -> new LargestRise(over.getValue(), over.getKey()))
        .max(Comparator.comparingDouble(LargestRise::nats));
  }
}
