package io.cambium.training.metrics;

import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How evenly a layer's assignments fall on those of its experts that are in play: replicas that a
 * growth still holds back do not count. Loads are relative to the mean load, so that 1 is even.
 *
 * @param maxVio largest load - 1 (arXiv 2408.15664, section 4.1): 0 at perfect balance
 * @param cv standard deviation of the loads
 * @param min the smallest load
 * @param dead experts with a load below {@value #DEAD_BELOW}, which is 1 % of the tokens' choices
 *     at 8 experts
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Balance(double maxVio, double cv, double min, List<Integer> dead) {

  private static final double DEAD_BELOW = 0.08;

  // A layer is healthy where both hold; the second is 2 % of the choices at 8 experts.
  private static final double HEALTHY_CV_BELOW = 0.3;
  private static final double HEALTHY_MIN_ABOVE = 0.16;

  public Balance {
    dead = List.copyOf(dead);
  }

  /**
   * Of the loads of a layer in any unit.
   *
   * @param load_E assignments, or shares of them
   * @param active the experts in play
   */
  public static Balance of(double[] load_E, int[] active) {
    double mean = Arrays.stream(active).mapToDouble(e -> load_E[e]).average().orElseThrow();
    double[] relative_A = Arrays.stream(active).mapToDouble(e -> load_E[e] / mean).toArray();
    double variance =
        Arrays.stream(relative_A).map(load -> (load - 1) * (load - 1)).average().orElseThrow();
    return new Balance(
        Arrays.stream(relative_A).max().orElseThrow() - 1,
        Math.sqrt(variance),
        Arrays.stream(relative_A).min().orElseThrow(),
        Arrays.stream(active).filter(e -> load_E[e] / mean < DEAD_BELOW).boxed().toList());
  }

  /** Of assignments. */
  public static Balance of(long[] load_E, int[] active) {
    return of(Arrays.stream(load_E).asDoubleStream().toArray(), active);
  }

  /** The largest load. */
  public double max() {
    return 1 + maxVio;
  }

  /** Whether the load is as even as it should be in the long run. */
  public boolean healthy() {
    return cv < HEALTHY_CV_BELOW && min > HEALTHY_MIN_ABOVE;
  }
}
