package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoadsTest {

  @Test
  void maxVioIsZeroAtBalanceAndCountsFromTheMean() {
    assertThat(Loads.maxVio(new long[] {5, 5, 5}, new int[] {0, 1, 2})).isZero();
    assertThat(Loads.maxVio(new long[] {9, 3, 0}, new int[] {0, 1, 2})).isEqualTo(1.25);
    assertThat(Loads.maxVio(new long[] {7}, new int[] {0})).isZero();
  }

  @Test
  void sharesAddUpToOne() {
    assertThat(Loads.shares(new long[] {1, 3})).containsExactly(0.25, 0.75);
  }

  @Test
  void anExpertBelowAHundredthAtEightExpertsIsDead() {
    long[] load_E = {200, 100, 100, 100, 100, 100, 291, 9};
    assertThat(Loads.dead(load_E, new int[] {0, 1, 2, 3, 4, 5, 6, 7})).isEqualTo(1);
    load_E[7] = 10;
    load_E[6] = 290;
    assertThat(Loads.dead(load_E, new int[] {0, 1, 2, 3, 4, 5, 6, 7})).isZero();
  }

  @Test
  void heldBackReplicasAreNotDead() {
    assertThat(Loads.dead(new long[] {5, 0, 5, 0}, new int[] {0, 2})).isZero();
    assertThat(Loads.maxVio(new long[] {5, 0, 5, 0}, new int[] {0, 2})).isZero();
  }
}
