package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoadsTest {

  @Test
  void maxVioIsZeroAtBalanceAndCountsFromTheMean() {
    assertThat(Loads.maxVio(new long[] {5, 5, 5})).isZero();
    assertThat(Loads.maxVio(new long[] {9, 3, 0})).isEqualTo(1.25);
    assertThat(Loads.maxVio(new long[] {7})).isZero();
  }

  @Test
  void sharesAddUpToOne() {
    assertThat(Loads.shares(new long[] {1, 3})).containsExactly(0.25, 0.75);
  }

  @Test
  void anExpertBelowAHundredthAtEightExpertsIsDead() {
    long[] load_E = {200, 100, 100, 100, 100, 100, 291, 9};
    assertThat(Loads.dead(load_E, 8)).isEqualTo(1);
    load_E[7] = 10;
    load_E[6] = 290;
    assertThat(Loads.dead(load_E, 8)).isZero();
  }

  @Test
  void heldBackReplicasAreNotDead() {
    assertThat(Loads.dead(new long[] {5, 5, 0, 0}, 2)).isZero();
  }
}
