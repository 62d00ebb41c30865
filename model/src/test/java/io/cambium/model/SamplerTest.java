package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.UsageException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerTest {

  /** Probabilities 0.4, 0.1, 0.3, 0.2 at temperature 1. */
  private static final float[] LOGITS = logits(0.4, 0.1, 0.3, 0.2);

  @Test
  void temperatureZeroTakesTheFirstOfTheMostProbable() {
    Sampler sampler = Sampler.greedy();
    assertThat(sampler.choose(new float[] {1, 3, 3, 2})).isEqualTo(1);
    assertThat(sampler.choose(new float[] {-5})).isEqualTo(0);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "2, '0 2'", "3, '0 2 3'", "4, '0 1 2 3'", "99, '0 1 2 3'", "0, '0 1 2 3'"})
  void topKLeavesTheMostProbable(int topK, String kept) {
    assertThat(drawn(new Sampler(1, topK, 1, 7), LOGITS)).isEqualTo(kept);
  }

  @Test
  void topKKeepsThoseAsProbableAsTheLast() {
    assertThat(drawn(new Sampler(1, 2, 1, 7), logits(0.25, 0.25, 0.4, 0.1))).isEqualTo("0 1 2");
  }

  @ParameterizedTest
  @CsvSource({
    "0.01, 0",
    "0.39, 0",
    "0.45, '0 2'",
    "0.69, '0 2'",
    "0.75, '0 2 3'",
    "0.95, '0 1 2 3'"
  })
  void topPLeavesTheLeastThatReachIt(double topP, String kept) {
    assertThat(drawn(new Sampler(1, Sampler.ALL, topP, 7), LOGITS)).isEqualTo(kept);
  }

  @Test
  void topPCountsWhatTopKLeft() {
    // Of 0.4 and 0.3 alone the first has 0.57: 0.55 needs no second, of all four it would.
    assertThat(drawn(new Sampler(1, 2, 0.55, 7), LOGITS)).isEqualTo("0");
    assertThat(drawn(new Sampler(1, Sampler.ALL, 0.55, 7), LOGITS)).isEqualTo("0 2");
  }

  @Test
  void topPCountsAfterTheTemperature() {
    // At temperature 0.5 the probabilities are 16, 1, 9 and 4 of 30.
    assertThat(drawn(new Sampler(0.5, Sampler.ALL, 0.5, 7), LOGITS)).isEqualTo("0");
    assertThat(drawn(new Sampler(1, Sampler.ALL, 0.5, 7), LOGITS)).isEqualTo("0 2");
  }

  @Test
  void equallyProbableTokensFallFromTheLast() {
    assertThat(drawn(new Sampler(1, Sampler.ALL, 0.6, 7), logits(0.25, 0.25, 0.25, 0.25)))
        .isEqualTo("0 1 2");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 1, 0.4, 0.1, 0.3, 0.2",
    "0.5, 0, 1, 0.5333, 0.0333, 0.3, 0.1333",
    "1, 3, 1, 0.4444, 0, 0.3333, 0.2222",
    "1, 3, 0.7, 0.5714, 0, 0.4286, 0"
  })
  void drawsAsOftenAsProbable(
      double temperature, int topK, double topP, double a, double b, double c, double d) {
    Sampler sampler = new Sampler(temperature, topK, topP, 11);
    int draws = 100_000;
    int[] counts = new int[4];
    for (int i = 0; i < draws; i++) {
      counts[sampler.choose(LOGITS)]++;
    }
    double[] expected = {a, b, c, d};
    for (int v = 0; v < 4; v++) {
      // Five standard deviations of a share of a half.
      assertThat((double) counts[v] / draws).isCloseTo(expected[v], within(0.008));
    }
  }

  @Test
  void sameSeedSameTokens() {
    Sampler one = new Sampler(1, 3, 0.9, 5);
    Sampler other = new Sampler(1, 3, 0.9, 5);
    for (int i = 0; i < 100; i++) {
      assertThat(one.choose(LOGITS)).isEqualTo(other.choose(LOGITS));
    }
  }

  @Test
  void refusesWhatIsOutOfRange() {
    for (double bad : new double[] {0, -1, 1.01, Double.NaN}) {
      assertThatThrownBy(() -> new Sampler(1, 0, bad, 0)).isInstanceOf(UsageException.class);
    }
    for (double bad : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new Sampler(bad, 0, 1, 0)).isInstanceOf(UsageException.class);
    }
    assertThatThrownBy(() -> new Sampler(1, -1, 1, 0)).isInstanceOf(UsageException.class);
  }

  private static String drawn(Sampler sampler, float[] logits) {
    Set<String> drawn = new TreeSet<>();
    for (int i = 0; i < 1000; i++) {
      drawn.add(Integer.toString(sampler.choose(logits)));
    }
    return String.join(" ", drawn);
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int v = 0; v < logits.length; v++) {
      logits[v] = (float) Math.log(probabilities[v]);
    }
    return logits;
  }
}
