package io.cambium.checkpoint.family;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** How a model's rotary frequencies were changed for longer texts than it was first trained on. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "kind")
public sealed interface RopeScaling {

  /** Whether a sequence of this length has other frequencies than a short one. */
  default boolean isLong(long length) {
    return false;
  }

  /** Not at all: frequencies as the base says. */
  record None() implements RopeScaling {}

  /** All positions divided by a factor. */
  record Linear(double factor) implements RopeScaling {}

  /**
   * Llama 3.1: low frequencies divided by a factor, high ones kept, a ramp between.
   *
   * @param original positions of the first training
   */
  record Llama3(double factor, double lowFrequency, double highFrequency, int original)
      implements RopeScaling {}

  /**
   * YaRN (arXiv 2309.00071).
   *
   * @param original positions of the first training
   * @param truncate whether the borders of the ramp are rounded to whole dimensions
   * @param attention factor on cosine and sine
   */
  record Yarn(
      double factor,
      double betaFast,
      double betaSlow,
      int original,
      boolean truncate,
      double attention)
      implements RopeScaling {}

  /**
   * LongRoPE (arXiv 2402.13753): the frequency of each pair divided by a factor of its own. One set
   * of factors serves all positions of a sequence that is no longer than those of the first
   * training, the other all of a longer one.
   *
   * @param shortFactors from the fastest pair to the slowest
   * @param longFactors as many
   * @param original positions of the first training
   * @param attention factor on cosine and sine, with either set
   */
  record LongRope(
      List<Double> shortFactors, List<Double> longFactors, int original, double attention)
      implements RopeScaling {

    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
    }

    @Override
    public boolean isLong(long length) {
      return length > original;
    }
  }
}
