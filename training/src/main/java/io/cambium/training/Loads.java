package io.cambium.training;

import java.util.Arrays;
import java.util.List;

/** Arithmetic on a layer's load: assignments per expert. */
final class Loads {

  private Loads() {}

  /** Adds one load to another in place. */
  static void add(long[] sum_E, long[] load_E) {
    Arrays.setAll(sum_E, e -> sum_E[e] + load_E[e]);
  }

  /** Each expert's share of the assignments. */
  static List<Double> shares(long[] load_E) {
    double total = Arrays.stream(load_E).sum();
    return Arrays.stream(load_E).mapToObj(load -> load / total).toList();
  }
}
