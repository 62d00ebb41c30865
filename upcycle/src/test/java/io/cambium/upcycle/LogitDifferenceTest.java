package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LogitDifferenceTest {

  @Test
  void comparesLogitsAndDistributions() {
    float ln3 = (float) Math.log(3);
    // Distributions (3/4, 1/4) against (1/2, 1/2), then equal up to a constant.
    LogitDifference difference =
        LogitDifference.between(new float[] {ln3, 0, 1, -5}, new float[] {0, 0, 3, -3}, 2);
    assertThat(difference.tokens()).isEqualTo(2);
    assertThat(difference.largest()).isEqualTo(2);
    assertThat(difference.mean()).isCloseTo((Math.log(3) + 4) / 4, within(1e-7));
    double kl = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    assertThat(difference.kl()).isCloseTo(kl / 2, within(1e-7));
    assertThat(difference.largestLogit()).isEqualTo(5);
    assertThat(difference.isFinite()).isTrue();
  }

  @Test
  void doesNotHideWhatIsNotFinite() {
    float[] fine = {1, 2, 3};
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[] broken = {1, bad, 3};
      assertThat(LogitDifference.between(fine, broken, 1).isFinite()).isFalse();
      assertThat(LogitDifference.between(broken, fine, 1).isFinite()).isFalse();
      assertThat(LogitDifference.between(broken, broken, 1).isFinite()).isFalse();
    }
  }
}
