package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.List;

/** Random matrices for tests. */
final class Matrices {

  private Matrices() {}

  static Values random(int rows, int columns, double mean, double deviation) {
    CounterRandom random = CounterRandom.of(2, "matrix");
    float[] data = new float[rows * columns];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) (mean + deviation * random.gaussian(i));
    }
    return new Values(List.of((long) rows, (long) columns), data);
  }

  static Values copy(Values values) {
    return new Values(values.shape(), values.data().clone());
  }
}
