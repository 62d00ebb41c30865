package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.nio.file.Path;

/**
 * By how much replicas' selection bias must be lowered so that none of them is ever chosen before
 * an original: more than the spread of score plus bias (docs/grow.md).
 */
final class HoldBack {

  /** Above the spread, so that neither saturated scores nor rounding make a tie. */
  private static final double MARGIN = 1.0 / 16;

  /** Rounded up to such a step, so that subtracting it costs little precision. */
  private static final double STEP = 1.0 / 8;

  private HoldBack() {}

  /**
   * Among experts whose selection biases lie so far apart. Where experts are chosen within groups
   * it keeps replicas out of a group's score too: that counts its best or its two best, and a group
   * has as many originals as it had.
   */
  static double above(Score score, double biasSpread) {
    return Math.ceil((span(score) + biasSpread + MARGIN) / STEP) * STEP;
  }

  /**
   * Largest minus smallest entry.
   *
   * @param place what errors name
   */
  static double spread(float[] biases_E, Path place) {
    double smallest = Double.POSITIVE_INFINITY;
    double largest = Double.NEGATIVE_INFINITY;
    for (float bias : biases_E) {
      smallest = Math.min(smallest, bias);
      largest = Math.max(largest, bias);
    }
    // Math.min and Math.max pass NaN on.
    if (!Double.isFinite(largest - smallest)) {
      throw new CheckpointException(
          place,
          "has a selection bias that is not finite",
          "the model has diverged: grow an earlier checkpoint");
    }
    return largest - smallest;
  }

  private static double span(Score score) {
    return switch (score) {
      case SIGMOID, SOFTMAX -> 1;
    };
  }
}
