package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CounterRandomTest {

  @Test
  void gaussiansHaveTheMomentsOfANormalDistribution() {
    int n = 200_000;
    CounterRandom random = CounterRandom.of(7, "moments");
    double[] x = LongStream.range(0, n).mapToDouble(random::gaussian).toArray();
    // Five standard errors of each moment.
    assertThat(moment(x, 1)).isCloseTo(0, within(5 * Math.sqrt(1.0 / n)));
    assertThat(moment(x, 2)).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
    assertThat(moment(x, 3)).isCloseTo(0, within(5 * Math.sqrt(15.0 / n)));
    assertThat(moment(x, 4)).isCloseTo(3, within(5 * Math.sqrt(96.0 / n)));
    double neighbours = 0;
    for (int i = 1; i < n; i++) {
      neighbours += x[i] * x[i - 1] / n;
    }
    assertThat(neighbours).isCloseTo(0, within(5 * Math.sqrt(1.0 / n)));
  }

  private static double moment(double[] x, int power) {
    double sum = 0;
    for (double value : x) {
      sum += Math.pow(value, power);
    }
    return sum / x.length;
  }

  @Test
  void uniformsFillTheUnitInterval() {
    CounterRandom random = CounterRandom.of(7, "uniform");
    double[] x = LongStream.range(0, 100_000).mapToDouble(random::uniform).toArray();
    assertThat(DoubleStream.of(x)).allMatch(value -> value >= 0 && value < 1);
    assertThat(moment(x, 1)).isCloseTo(0.5, within(0.005));
    assertThat(moment(x, 2)).isCloseTo(1 / 3.0, within(0.005));
  }

  @Test
  void everySeedAndStreamIsAnother() {
    long bits = CounterRandom.of(1, "a").bits(5);
    assertThat(CounterRandom.of(1, "a").bits(5)).isEqualTo(bits);
    assertThat(CounterRandom.of(2, "a").bits(5)).isNotEqualTo(bits);
    assertThat(CounterRandom.of(1, "b").bits(5)).isNotEqualTo(bits);
    assertThat(CounterRandom.of(1, "a").bits(4)).isNotEqualTo(bits);
  }
}
