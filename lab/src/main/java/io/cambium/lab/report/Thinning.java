package io.cambium.lab.report;

import java.util.List;
import java.util.stream.IntStream;

/** Keeps a report small: no more points than a screen shows, no more digits than a person reads. */
final class Thinning {

  private Thinning() {}

  /** At most {@code most} of the indices 0 to size - 1, evenly spread, the last one among them. */
  static List<Integer> points(int size, int most) {
    int points = Math.min(size, most);
    return IntStream.rangeClosed(1, points)
        .mapToObj(point -> (int) ((long) point * size / points) - 1)
        .toList();
  }

  static List<Double> rounded(List<Double> values, int decimals) {
    double scale = Math.pow(10, decimals);
    return values.stream().map(value -> Math.rint(value * scale) / scale).toList();
  }
}
