package io.cambium.lab.cost;

import java.util.List;

/** Where a curve bends most: the point farthest above the line through its first and last. */
final class Knee {

  private Knee() {}

  /**
   * The index of the knee.
   *
   * @param x rising
   * @param y a concave curve over it
   */
  static int of(List<Double> x, List<Double> y) {
    int last = x.size() - 1;
    double slope = (y.get(last) - y.get(0)) / (x.get(last) - x.get(0));
    int knee = 0;
    double farthest = 0;
    for (int i = 1; i < last; i++) {
      double above = y.get(i) - y.get(0) - slope * (x.get(i) - x.get(0));
      if (above > farthest) {
        knee = i;
        farthest = above;
      }
    }
    return knee;
  }
}
