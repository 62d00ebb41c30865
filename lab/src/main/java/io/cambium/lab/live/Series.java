package io.cambium.lab.live;

import java.util.ArrayList;
import java.util.List;

/**
 * Values over the steps of a run of any length, in a bounded number of points: each is the mean of
 * some neighbouring values, of twice as many whenever there are too many points.
 */
final class Series {

  private static final int MOST_POINTS = 600;

  private final List<Long> steps = new ArrayList<>();
  private final List<Double> values = new ArrayList<>();
  private int perPoint = 1;
  private int inLast = 1;

  void add(long step, double value) {
    if (inLast < perPoint) {
      int last = values.size() - 1;
      inLast++;
      steps.set(last, step);
      values.set(last, values.get(last) + (value - values.get(last)) / inLast);
      return;
    }
    if (values.size() == MOST_POINTS) {
      halve();
    }
    steps.add(step);
    values.add(value);
    inLast = 1;
  }

  private void halve() {
    for (int point = 0; point < MOST_POINTS / 2; point++) {
      steps.set(point, steps.get(2 * point + 1));
      values.set(point, (values.get(2 * point) + values.get(2 * point + 1)) / 2);
    }
    steps.subList(MOST_POINTS / 2, MOST_POINTS).clear();
    values.subList(MOST_POINTS / 2, MOST_POINTS).clear();
    perPoint *= 2;
  }

  Curve curve() {
    return new Curve(steps, values);
  }
}
