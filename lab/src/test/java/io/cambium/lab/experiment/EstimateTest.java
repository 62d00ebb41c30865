package io.cambium.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class EstimateTest {

  /** R: t.test(c(1, 2, 4))$conf.int. */
  @Test
  void meanHasStudentsInterval() {
    Estimate mean = Estimate.ofMean(List.of(1.0, 2.0, 4.0));
    assertThat(mean.value()).isCloseTo(7.0 / 3, within(1e-12));
    assertThat(Objects.requireNonNull(mean.low())).isCloseTo(-1.461250, within(1e-5));
    assertThat(Objects.requireNonNull(mean.high())).isCloseTo(6.127917, within(1e-5));
  }

  /** R: qt(0.975, 19) is 2.093024. */
  @Test
  void moreSeedsThanTheTableHasUseTheExpansion() {
    List<Double> values = DoubleStream.iterate(0, v -> v + 1).limit(20).boxed().toList();
    Estimate mean = Estimate.ofMean(values);
    double error = Math.sqrt(35.0 / 20);
    assertThat(mean.value() - Objects.requireNonNull(mean.low()))
        .isCloseTo(2.093024 * error, within(2e-3));
  }

  @Test
  void ratioIsOfTheMeansAndExactWherePairsAreProportional() {
    Estimate ratio = Estimate.ofRatio(List.of(1.0, 2.0, 6.0), List.of(2.0, 4.0, 12.0));
    assertThat(ratio).isEqualTo(new Estimate(3, 0.5, 0.5, 0.5, 0.5, 0.5));
  }

  @Test
  void twoSeedsHaveASpreadAndNoInterval() {
    Estimate ratio = Estimate.ofRatio(List.of(1.0, 3.0), List.of(2.0, 2.0));
    assertThat(ratio).isEqualTo(new Estimate(2, 1.0, 0.5, 1.5, null, null));
  }
}
