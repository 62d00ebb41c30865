package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.NormalDraws;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseTest {

  private static final int SIZE = 90_000;

  @Test
  void hasTheMomentsOfANormalDistribution() {
    float[] before = Matrices.random(300, 300, 5, 3).data();
    float[] after = noisy(before, 0.5, 1);
    double[] moments = new double[5];
    for (int i = 0; i < SIZE; i++) {
      // The matrix's own spread, not its norm: the mean of 5 must not count.
      double z = (after[i] - before[i]) / (0.5 * 3);
      for (int power = 1; power < 5; power++) {
        moments[power] += Math.pow(z, power) / SIZE;
      }
    }
    // Five standard errors; the spread of the matrix is itself 3 within 5 * 3 / sqrt(2 n).
    double spread = 5 / Math.sqrt(2.0 * SIZE);
    assertThat(moments[1]).isCloseTo(0, within(5 / Math.sqrt(SIZE)));
    assertThat(moments[2]).isCloseTo(1, within(5 * Math.sqrt(2.0 / SIZE) + 2 * spread));
    assertThat(moments[3]).isCloseTo(0, within(5 * Math.sqrt(15.0 / SIZE)));
    assertThat(moments[4]).isCloseTo(3, within(5 * Math.sqrt(96.0 / SIZE) + 12 * spread));
  }

  /** What arXiv 2212.05055's noise becomes in bf16: most of 0.001 is rounded away. */
  @ParameterizedTest
  @CsvSource({"0.001, 0.22", "0.01, 0.83"})
  void isMostlyRoundedAwayInHalfPrecision(double share, double changed) {
    float[] before = Matrices.random(300, 300, 0, 0.02).data();
    for (int i = 0; i < SIZE; i++) {
      before[i] = Floats.round(before[i], DType.BF16);
    }
    float[] after = noisy(before, share, 1);
    int differ = 0;
    for (int i = 0; i < SIZE; i++) {
      differ += Floats.round(after[i], DType.BF16) == before[i] ? 0 : 1;
    }
    assertThat((double) differ / SIZE).isCloseTo(changed, within(0.01));
  }

  @Test
  void dependsOnSeedAndNameAlone() {
    float[] before = Matrices.random(3, 7, 0, 1).data();
    assertThat(noisy(before, 0.1, 1)).isEqualTo(noisy(before, 0.1, 1));
    assertThat(noisy(before, 0.1, 2)).isNotEqualTo(noisy(before, 0.1, 1));
  }

  /** From and to memory, two numbers a word, or through floats: of sizes around a batch's. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 1023, 1024, 1025, 2048, 4099})
  void inBfloat16IsTheSameAsThroughFloats(int count) {
    float[] values = Matrices.random(1, count, 0, 1e-3f).data();
    float[] awkward = {
      Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, -0f, 1e-40f
    };
    System.arraycopy(awkward, 0, values, count / 2, Math.min(awkward.length, count - count / 2));
    MemorySegment source = Floats.write(values, DType.BF16);
    long from = 6L * NormalDraws.BATCH;
    CounterRandom random = CounterRandom.of(3, "tensor");

    MemorySegment results = MemorySegment.ofArray(new byte[Short.BYTES * count]);
    new Noise().addInBfloat16(source, from, 1e-3, random, results);

    float[] read = Floats.read(source, DType.BF16);
    new Noise().add(read, from, 1e-3, random, read);
    assertThat(results.toArray(ValueLayout.JAVA_BYTE))
        .isEqualTo(Floats.write(read, DType.BF16).toArray(ValueLayout.JAVA_BYTE));
  }

  private static float[] noisy(float[] before, double share, long seed) {
    float[] values = before.clone();
    Formula tensor = new Formula.Zeros(); // any name will do
    double deviation =
        new Deviations()
            .get(
                tensor,
                before.length,
                range ->
                    Arrays.copyOfRange(
                        before, (int) range.from(), (int) (range.from() + range.count())));
    new Noise().add(values, 0, share * deviation, CounterRandom.of(seed, "tensor"), values);
    return values;
  }
}
