package io.cambium.lab;

import io.cambium.training.metrics.Metric;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The largest rise of the validation loss over the ungrown run while a growth anneals to plain
 * top-K (method, section 3a).
 *
 * @param nats mean validation loss of the grown model minus the ungrown one's, at equal tokens;
 *     below zero where the grown model is better throughout
 * @param tokens where
 */
public record LargestRise(double nats, long tokens) {

  /**
   * Compares the evaluations from right after the growth to the end of the window.
   *
   * @param windowSteps length of the window in steps
   * @return empty where the window holds no evaluation that both runs made
   */
  public static Optional<LargestRise> of(RunHistory grown, RunHistory ungrown, long windowSteps) {
    long end = grown.growth().map(growth -> growth.step() + windowSteps).orElse(-1L);
    Set<Long> window =
        grown.evaluationsSinceGrowth().stream()
            .filter(evaluation -> evaluation.step() <= end)
            .map(Metric.Evaluation::tokens)
            .collect(Collectors.toSet());
    return grown.lossOver(ungrown).entrySet().stream()
        .filter(over -> window.contains(over.getKey()))
        .map(over -> new LargestRise(over.getValue(), over.getKey()))
        .max(Comparator.comparingDouble(LargestRise::nats));
  }
}
