package io.cambium.upcycle.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.RouterRows;
import io.cambium.upcycle.runner.InputMoments;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowDirectionsTest {

  private static final int SIZE_D = 7;

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 7, 8, 13})
  void addUpToZeroWithNormsThatAverageOne(int siblings) {
    CounterRandom random = CounterRandom.of(3, "test");
    requireBalanced(SiblingDirections.antithetic(siblings, SIZE_D, random));
    List<double[]> components =
        PrincipalComponents.leading(
                diagonal(9, 8, 7, 6, 5, 4, 3),
                SIZE_D,
                SiblingDirections.componentsFor(siblings),
                1e-9)
            .orElseThrow();
    double[][] split = SiblingDirections.split(siblings, components);
    requireBalanced(split);
    assertThat(Arrays.stream(split).map(Arrays::toString)).doesNotHaveDuplicates();
  }

  private static void requireBalanced(double[][] directions_rD) {
    double norms = 0;
    for (int k = 0; k < SIZE_D; k++) {
      double sum = 0;
      for (double[] direction : directions_rD) {
        sum += direction[k];
      }
      assertThat(sum).isCloseTo(0, within(1e-14));
    }
    for (double[] direction : directions_rD) {
      norms += SiblingDirections.norm(direction);
    }
    assertThat(norms / directions_rD.length).isCloseTo(1, within(1e-14));
  }

  @Test
  void splitSignsComponentsByBinaryDigits() {
    double half = Math.sqrt(0.5);
    double[][] four =
        SiblingDirections.split(4, List.of(new double[] {1, 0, 0}, new double[] {0, 1, 0}));
    double[][] expected = {{half, half, 0}, {-half, half, 0}, {half, -half, 0}, {-half, -half, 0}};
    for (int j = 0; j < 4; j++) {
      assertThat(four[j]).containsExactly(expected[j], within(1e-15));
    }
    assertThat(SiblingDirections.componentsFor(1)).isEqualTo(0);
    assertThat(SiblingDirections.componentsFor(2)).isEqualTo(1);
    assertThat(SiblingDirections.componentsFor(3)).isEqualTo(2);
    assertThat(SiblingDirections.componentsFor(4)).isEqualTo(2);
    assertThat(SiblingDirections.componentsFor(5)).isEqualTo(3);
  }

  @Test
  void principalComponentsAreOrderedUnitVectorsOfFixedSign() {
    // Eigenvectors (3, 4)/5 and (4, -3)/5 with variances 2 and 50.
    double[] covariance = {
      2 * 0.36 + 50 * 0.64, 2 * 0.48 - 50 * 0.48, 2 * 0.48 - 50 * 0.48, 2 * 0.64 + 50 * 0.36
    };
    List<double[]> components = PrincipalComponents.leading(covariance, 2, 2, 0).orElseThrow();
    assertThat(components.get(0)).containsExactly(new double[] {0.8, -0.6}, within(1e-12));
    assertThat(components.get(1)).containsExactly(new double[] {0.6, 0.8}, within(1e-12));
  }

  @Test
  void tooFewDirectionsOfVarianceGiveNone() {
    assertThat(PrincipalComponents.leading(diagonal(4, 1e-9, 0), 3, 2, 1e-8)).isEmpty();
    assertThat(PrincipalComponents.leading(diagonal(0, 0, 0), 3, 1, 0)).isEmpty();
    assertThat(PrincipalComponents.leading(diagonal(1, 1), 2, 3, 0)).isEmpty();
    assertThat(PrincipalComponents.leading(diagonal(4, 0, 1), 3, 2, 1e-8)).isPresent();
  }

  @Test
  void anExpertThatSawTooLittleGetsRandomDirectionsAndAWarning() {
    GrowthOptions options = GrowthOptions.to(5).mode(Mode.LINEAGE).rows(Rows.SPLIT).build();
    SortedMap<Integer, Lineages> layers = new TreeMap<>();
    layers.put(1, Lineages.byRounds(List.of(2, 2, 1)));
    List<InputMoments> moments = new ArrayList<>();
    moments.add(new InputMoments(1, 0, 100, new double[3], diagonal(1, 9, 2)));
    // One token: what is left of its covariance is rounding.
    moments.add(new InputMoments(1, 1, 1, new double[] {1, 2, 3}, diagonal(1e-16, 3e-16, 1e-17)));
    moments.add(new InputMoments(1, 2, 0, new double[3], new double[9]));
    Directions directions = RowDirections.compute(options, layers, 3, moments);
    float[] rows_ND = Objects.requireNonNull(directions.tensors().get("layer.1.directions")).data();
    assertThat(rows_ND).hasSize(15);
    assertThat(Arrays.copyOfRange(rows_ND, 0, 3)).containsExactly(0, 1, 0);
    assertThat(Arrays.copyOfRange(rows_ND, 9, 12)).containsExactly(0, -1, 0);
    assertThat(Arrays.copyOfRange(rows_ND, 6, 9)).containsOnly(0);
    for (int k = 0; k < 3; k++) {
      assertThat(rows_ND[3 + k]).isNotZero().isEqualTo(-rows_ND[12 + k]);
    }
    assertThat(directions.warnings())
        .singleElement()
        .asString()
        .contains("layer 1 expert 1", "1 calibration tokens", "antithetic");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.6, 2.0, 100})
  void rowsOfALineageMeanTheirParent(double delta) {
    List<Integer> parents = Lineages.byRounds(List.of(4, 1, 3)).parents();
    CounterRandom random = CounterRandom.of(1, "rows");
    float[] w_ED = new float[3 * SIZE_D];
    for (int i = 0; i < w_ED.length; i++) {
      w_ED[i] = (float) random.gaussian(i);
    }
    SortedMap<Integer, Lineages> layers = new TreeMap<>();
    layers.put(0, Lineages.byRounds(List.of(4, 1, 3)));
    GrowthOptions options =
        GrowthOptions.to(8).mode(Mode.LINEAGE).rows(Rows.ANTITHETIC).seed(5).build();
    float[] directions_ND =
        Objects.requireNonNull(
                RowDirections.compute(options, layers, SIZE_D, List.of())
                    .tensors()
                    .get("layer.0.directions"))
            .data();
    float[] rows_ND = RouterRows.directed(w_ED, directions_ND.clone(), parents, delta, DType.F32);

    for (int parent = 0; parent < 3; parent++) {
      double norm = 0;
      for (int k = 0; k < SIZE_D; k++) {
        norm += Math.pow(w_ED[parent * SIZE_D + k], 2);
        double sum = 0;
        double largest = 0;
        int siblings = 0;
        for (int n = 0; n < parents.size(); n++) {
          if (parents.get(n) == parent) {
            sum += rows_ND[n * SIZE_D + k];
            largest = Math.max(largest, Math.abs(rows_ND[n * SIZE_D + k]));
            siblings++;
          }
        }
        assertThat(sum)
            .isCloseTo(
                siblings * (double) w_ED[parent * SIZE_D + k],
                within(0.501 * Math.ulp((float) largest)));
      }
      for (int n = 0; n < parents.size(); n++) {
        if (parents.get(n) == parent) {
          for (int k = 0; k < SIZE_D; k++) {
            double expected =
                w_ED[parent * SIZE_D + k] + delta * Math.sqrt(norm) * directions_ND[n * SIZE_D + k];
            assertThat((double) rows_ND[n * SIZE_D + k])
                .isCloseTo(expected, within(1e-6 * (1 + delta * Math.sqrt(norm))));
          }
        }
      }
    }
  }

  static double[] diagonal(double... variances) {
    double[] covariance = new double[variances.length * variances.length];
    for (int i = 0; i < variances.length; i++) {
      covariance[i * variances.length + i] = variances[i];
    }
    return covariance;
  }
}
