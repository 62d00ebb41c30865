package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.util.List;

/**
 * Growth inside a run: the experts of every routing layer are replicated at one step.
 *
 * @param at when: a share of all steps, or the step itself if above 1
 * @param experts routed experts per layer afterwards, more than before
 * @param mode how experts are chosen while siblings are still alike: flat, lineage, cold or wide;
 *     decides whether the loss jumps
 * @param rows router rows of siblings: copy, antithetic or split; lineage needs rows that differ
 * @param rowDelta how far siblings' rows lie apart, as a share of the row's norm
 * @param biasNoise span of the uniform noise on replicas' selection bias
 * @param replicas weights of replicas: copy, or drop to draw a share of their neurons anew
 * @param dropRate that share
 * @param moments optimizer state of the grown tensors: copy, reset or scale
 * @param window share of the remaining steps in which lineage and cold anneal to plain top-K
 * @param hold share of the window in which they stay exact
 * @param calibrationBatches batches from which split takes its directions
 * @param seed of all that the growth draws
 */
public record GrowthConfig(
    double at,
    int experts,
    String mode,
    String rows,
    double rowDelta,
    double biasNoise,
    String replicas,
    double dropRate,
    String moments,
    double window,
    double hold,
    int calibrationBatches,
    long seed) {

  public static final GrowthConfig DEFAULT =
      new GrowthConfig(0.33, 32, "lineage", "split", 0.6, 0.0, "copy", 0.5, "copy", 0.2, 0.2, 4, 0);

  public GrowthConfig {
    Range.positive("growth.at", at);
    if (at > 1 && at != Math.rint(at)) {
      throw new UsageException(
          "growth.at", "is " + at, "write a share of all steps, below 1, or a whole step");
    }
    Range.atLeastOne("growth.experts", experts);
    requireOneOf("growth.mode", mode, List.of("flat", "lineage", "cold", "wide"));
    requireOneOf("growth.rows", rows, List.of("copy", "antithetic", "split"));
    Range.notNegative("growth.row_delta", rowDelta);
    Range.notNegative("growth.bias_noise", biasNoise);
    requireOneOf("growth.replicas", replicas, List.of("copy", "drop"));
    Range.share("growth.drop_rate", dropRate);
    requireOneOf("growth.moments", moments, List.of("copy", "reset", "scale"));
    Range.share("growth.window", window);
    Range.share("growth.hold", hold);
    Range.atLeastOne("growth.calibration_batches", calibrationBatches);
  }

  /**
   * The step after which the experts are replicated.
   *
   * @param steps of the whole run
   */
  public int step(int steps) {
    return Math.toIntExact(Math.round(at > 1 ? at : at * steps));
  }

  /** Steps from the growth to a plain top-K model; 0 for modes that have nothing to release. */
  public int windowSteps(int steps) {
    boolean releases = mode.equals("lineage") || mode.equals("cold");
    return releases ? Math.toIntExact(Math.round(window * (steps - step(steps)))) : 0;
  }

  /** Steps at the window's beginning in which the grown model stays exact. */
  public int holdSteps(int steps) {
    return Math.toIntExact(Math.round(hold * windowSteps(steps)));
  }

  /** The step after which the model is a plain top-K model. */
  public int releaseEnd(int steps) {
    return step(steps) + windowSteps(steps);
  }

  /**
   * Refuses a growth that does not fit into a run: it must come before the last step, and be
   * released before the learning rate decays, or the model has no time to heal at full speed.
   *
   * @param steps of the whole run
   * @param decayStart the last step at the full learning rate
   */
  void requireFits(int steps, int decayStart) {
    int step = step(steps);
    if (step < 1 || step >= steps) {
      throw new UsageException(
          "growth.at", "is step " + step + " of " + steps, "grow between the first and the last");
    }
    if (windowSteps(steps) > 0 && releaseEnd(steps) > decayStart) {
      throw new UsageException(
          "growth.window",
          "growth at step %d of %d is released by step %d, after the learning rate decays from %d"
              .formatted(step, steps, releaseEnd(steps), decayStart),
          step < decayStart
              ? "lower it to %.3f or less, or grow earlier"
                  .formatted(Math.floor(1000.0 * (decayStart - step) / (steps - step)) / 1000)
              : "grow earlier: before step " + decayStart);
    }
  }

  private static void requireOneOf(String key, String value, List<String> known) {
    if (!known.contains(value)) {
      throw new UsageException(key, "is \"" + value + "\"", "one of " + String.join(", ", known));
    }
  }
}
