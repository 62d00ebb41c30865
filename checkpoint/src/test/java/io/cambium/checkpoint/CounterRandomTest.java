package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom.Block;
import java.util.HexFormat;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CounterRandomTest {

  /** The known answers that Random123, the reference implementation, publishes (words in order). */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000,"
        + " 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff,"
        + " 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0,"
        + " d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void philoxGivesThePublishedAnswers(String counter, String key, String answer) {
    String[] c = counter.split(" ");
    String[] k = key.split(" ");
    String[] a = answer.split(" ");
    assertThat(CounterRandom.philox(pair(c[0], c[1]), pair(c[2], c[3]), pair(k[0], k[1])))
        .isEqualTo(new Block(pair(a[0], a[1]), pair(a[2], a[3])));
  }

  private static long pair(String low, String high) {
    return HexFormat.fromHexDigitsToLong(high + low);
  }

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
