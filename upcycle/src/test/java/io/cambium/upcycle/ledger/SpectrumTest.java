package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import org.ejml.simple.SimpleMatrix;
import org.ejml.simple.SimpleSVD;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against EJML's own singular value decomposition, which takes another way. */
class SpectrumTest {

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 7", "7, 1", "2, 2", "13, 31", "31, 13", "24, 24", "67, 130", "130, 67"})
  void keepsAllSingularValuesAndTheStrongComponents(int rows, int columns) {
    Values before = Matrices.random(rows, columns, 0.1, 1);
    Values after = turned(before, 0.7, 1);
    SimpleSVD<SimpleMatrix> expected = matrix(before).svd(true);
    SimpleSVD<SimpleMatrix> actual = matrix(after).svd(true);
    double[] values = expected.getSingularValues();
    assertThat(actual.getSingularValues()).containsExactly(values, within(1e-5));
    int rank = rank(values, 0.7);
    SimpleMatrix difference = leading(expected, rank).minus(leading(actual, rank));
    assertThat(difference.normF()).isLessThan(1e-4);
    assertThat(Spectrum.of(before).weaker(0.7)).isEqualTo(values.length - rank);
  }

  @Test
  void changesTheRestByTwiceItsEnergyOnAverage() {
    Values before = Matrices.random(60, 90, 0, 1);
    double[] values = matrix(before).svd(true).getSingularValues();
    double rest = 0;
    double fourths = 0;
    for (int i = rank(values, 0.7); i < values.length; i++) {
      rest += Math.pow(values[i], 2);
      fourths += Math.pow(values[i], 4);
    }
    double mean = 0;
    int draws = 200;
    for (int seed = 0; seed < draws; seed++) {
      SimpleMatrix change = matrix(turned(before, 0.7, seed)).minus(matrix(before));
      mean += Math.pow(change.normF(), 2) / draws;
    }
    // Each component changes by (2s)² or not at all: its variance is 4 s^4. Five standard errors.
    assertThat(mean).isCloseTo(2 * rest, within(5 * Math.sqrt(4 * fourths / draws)));
  }

  @Test
  void dependsOnSeedAlone() {
    Values before = Matrices.random(13, 31, 0, 1);
    assertThat(turned(before, 0.5, 1).data()).isEqualTo(turned(before, 0.5, 1).data());
    assertThat(turned(before, 0.5, 2).data()).isNotEqualTo(turned(before, 0.5, 1).data());
    assertThat(turned(before, 0.5, 1).data()).isNotEqualTo(before.data());
  }

  private static Values turned(Values matrix, double share, long seed) {
    return Spectrum.of(matrix)
        .withRandomSigns(Matrices.copy(matrix), share, CounterRandom.of(seed, "tensor"));
  }

  private static int rank(double[] values, double share) {
    double all = 0;
    for (double value : values) {
      all += value * value;
    }
    double sum = 0;
    int rank = 0;
    while (sum < share * all) {
      sum += values[rank] * values[rank];
      rank++;
    }
    return rank;
  }

  private static SimpleMatrix leading(SimpleSVD<SimpleMatrix> svd, int rank) {
    return svd.getU()
        .cols(0, rank)
        .mult(svd.getW().extractMatrix(0, rank, 0, rank))
        .mult(svd.getV().cols(0, rank).transpose());
  }

  private static SimpleMatrix matrix(Values values) {
    int columns = values.rowLength();
    SimpleMatrix matrix = new SimpleMatrix(values.data().length / columns, columns);
    for (int i = 0; i < values.data().length; i++) {
      matrix.set(i, values.data()[i]);
    }
    return matrix;
  }
}
