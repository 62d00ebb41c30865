package io.cambium.lab.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SeriesTest {

  @Test
  void fewValuesAreKeptAsTheyAre() {
    Series series = new Series();
    assertThat(series.curve().values()).isEmpty();
    series.add(3, 1.5);
    series.add(7, 2.5);
    assertThat(series.curve().steps()).containsExactly(3L, 7L);
    assertThat(series.curve().values()).containsExactly(1.5, 2.5);
  }

  @Test
  void manyAreMeansOfNeighbours() {
    Series series = new Series();
    int count = 6007;
    for (int step = 1; step <= count; step++) {
      series.add(step, step);
    }
    Curve curve = series.curve();
    assertThat(curve.values().size()).isBetween(300, 600).isEqualTo(curve.steps().size());
    assertThat(curve.steps().getLast()).isEqualTo(count);
    assertThat(curve.steps()).isSorted();
    // Sixteen values to a point: 1 to 16 first, and what is left last.
    assertThat(curve.steps().getFirst()).isEqualTo(16);
    assertThat(curve.values().getFirst()).isCloseTo(8.5, within(1e-9));
    assertThat(curve.values().getLast()).isCloseTo(6004, within(1e-9));
  }
}
