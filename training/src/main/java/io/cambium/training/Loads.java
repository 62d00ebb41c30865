package io.cambium.training;

import java.util.Arrays;
import java.util.List;

/** Measures of a layer's load: assignments per expert. */
public final class Loads {

  /** An expert with less than this share of the even load is dead (method 6: 1 % at 8 experts). */
  public static final double DEAD_BELOW = 0.08;

  private Loads() {}

  /**
   * {@code max / mean - 1} (arXiv 2408.15664, section 4.1): 0 at perfect balance.
   *
   * @param active the experts that count
   */
  static double maxVio(long[] load_E, int[] active) {
    long total = Arrays.stream(active).mapToLong(e -> load_E[e]).sum();
    long max = Arrays.stream(active).mapToLong(e -> load_E[e]).max().orElseThrow();
    return (double) max * active.length / total - 1;
  }

  /** Adds one load to another in place. */
  static void add(long[] sum_E, long[] load_E) {
    Arrays.setAll(sum_E, e -> sum_E[e] + load_E[e]);
  }

  /** Each expert's share of the assignments. */
  static List<Double> shares(long[] load_E) {
    double total = Arrays.stream(load_E).sum();
    return Arrays.stream(load_E).mapToObj(load -> load / total).toList();
  }

  /**
   * Experts with next to no load.
   *
   * @param active the experts that count
   */
  static int dead(long[] load_E, int[] active) {
    double least = DEAD_BELOW / active.length * Arrays.stream(load_E).sum();
    return (int) Arrays.stream(active).filter(e -> load_E[e] < least).count();
  }
}
