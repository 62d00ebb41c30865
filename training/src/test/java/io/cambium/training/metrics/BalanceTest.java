package io.cambium.training.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BalanceTest {

  private static Balance all(long... load_E) {
    return Balance.of(load_E, IntStream.range(0, load_E.length).toArray());
  }

  @Test
  void maxVioIsZeroAtBalanceAndCountsFromTheMean() {
    assertThat(all(5, 5, 5).maxVio()).isZero();
    assertThat(all(9, 3, 0).maxVio()).isEqualTo(1.25);
    assertThat(all(9, 3, 0).max()).isEqualTo(2.25);
    assertThat(all(7).maxVio()).isZero();
  }

  @Test
  void spreadAndLeastLoadAreRelativeToTheMean() {
    assertThat(all(5, 5, 5).cv()).isZero();
    assertThat(all(9, 3, 0).cv()).isCloseTo(Math.sqrt(14.0 / 16), within(1e-15));
    assertThat(all(9, 3, 0).min()).isZero();
    assertThat(all(6, 2, 4).min()).isEqualTo(0.5);
  }

  @Test
  void anExpertBelowAHundredthAtEightExpertsIsDead() {
    assertThat(all(200, 100, 100, 100, 100, 100, 291, 9).dead()).containsExactly(7);
    assertThat(all(200, 100, 100, 100, 100, 100, 290, 10).dead()).isEmpty();
  }

  @Test
  void heldBackReplicasDoNotCount() {
    Balance balance = Balance.of(new long[] {5, 0, 5, 0}, new int[] {0, 2});
    assertThat(balance.dead()).isEmpty();
    assertThat(balance.maxVio()).isZero();
    assertThat(balance.min()).isEqualTo(1);
  }

  @Test
  void aLayerIsHealthyWhereItIsEvenAndNobodyStarves() {
    assertThat(all(100, 100, 100, 100, 100, 100, 100, 100).healthy()).isTrue();
    assertThat(all(70, 130).healthy()).isFalse(); // CV 0.3
    assertThat(all(71, 129).healthy()).isTrue();
    long[] oneStarves = new long[50];
    Arrays.fill(oneStarves, 100);
    oneStarves[7] = 15;
    assertThat(all(oneStarves).cv()).isLessThan(0.3);
    assertThat(all(oneStarves).healthy()).isFalse();
  }
}
