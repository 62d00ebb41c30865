package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NormalDrawsTest {

  private static final int BATCH = NormalDraws.BATCH;
  private static final CounterRandom RANDOM = CounterRandom.of(7, "tensor");

  private static float[] draw(long from, int count) {
    float[] normals = new float[count];
    new NormalDraws().draw(RANDOM, from, normals, count);
    return normals;
  }

  /** The generator is checked against published answers; this is the formula in fp64. */
  @Test
  void areWhatTheFormulaMakesOfTheGeneratorsBits() {
    float[] normals = draw(3L * BATCH, BATCH);
    for (int n = 0; n < BATCH / 4; n++) {
      int[] words = RANDOM.generator().block(3L * BATCH / 4 + n, 0);
      requirePair(normals, 2 * n, words[0], words[2]);
      requirePair(normals, BATCH / 2 + 2 * n, words[1], words[3]);
    }
  }

  private static void requirePair(float[] normals, int n, int forRadius, int forAngle) {
    double radius = Math.sqrt(-2 * Math.log(Integer.toUnsignedLong(forRadius | 1) * 0x1p-32));
    double angle = forAngle * Math.PI * 0x1p-31;
    assertThat((double) normals[n]).isCloseTo(radius * Math.cos(angle), within(1e-5));
    assertThat((double) normals[n + 1]).isCloseTo(radius * Math.sin(angle), within(1e-5));
  }

  @Test
  void doNotDependOnWhatElseIsDrawn() {
    float[] all = draw(0, 3 * BATCH + 5);
    assertThat(draw(2L * BATCH, 7)).isEqualTo(Arrays.copyOfRange(all, 2 * BATCH, 2 * BATCH + 7));
    assertThat(draw(3L * BATCH, 5)).isEqualTo(Arrays.copyOfRange(all, 3 * BATCH, 3 * BATCH + 5));
    assertThatThrownBy(() -> draw(1, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void haveTheMomentsAndTailsOfANormalDistribution() {
    int n = 500 * BATCH;
    float[] x = draw(0, n);
    double[] moments = new double[7];
    int[] beyond = new int[5];
    double neighbours = 0;
    for (int i = 0; i < n; i++) {
      for (int power = 1; power < moments.length; power++) {
        moments[power] += Math.pow(x[i], power) / n;
      }
      for (int limit = 1; limit < beyond.length; limit++) {
        beyond[limit] += Math.abs(x[i]) > limit ? 1 : 0;
      }
      neighbours += i == 0 ? 0 : (double) x[i] * x[i - 1] / n;
    }
    // Five standard errors of each.
    double error = 5 / Math.sqrt(n);
    assertThat(moments[1]).isCloseTo(0, within(error));
    assertThat(moments[2]).isCloseTo(1, within(error * Math.sqrt(2)));
    assertThat(moments[3]).isCloseTo(0, within(error * Math.sqrt(15)));
    assertThat(moments[4]).isCloseTo(3, within(error * Math.sqrt(96)));
    assertThat(moments[5]).isCloseTo(0, within(error * Math.sqrt(945)));
    assertThat(moments[6]).isCloseTo(15, within(error * Math.sqrt(10170)));
    assertThat(neighbours).isCloseTo(0, within(error));
    double[] expected = {0, 0.317310507863, 0.045500263896, 0.002699796063, 0.000063342484};
    for (int limit = 1; limit < beyond.length; limit++) {
      double share = expected[limit];
      assertThat((double) beyond[limit] / n).isCloseTo(share, within(error * Math.sqrt(share)));
    }
  }

  @Test
  void theExtremesAreFinite() {
    for (float value : draw(0, 20 * BATCH)) {
      assertThat(Math.abs(value)).isLessThan(6.67f);
    }
  }
}
