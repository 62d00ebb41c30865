package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoadsTest {

  @Test
  void sharesAddUpToOne() {
    assertThat(Loads.shares(new long[] {1, 3})).containsExactly(0.25, 0.75);
  }

  @Test
  void addsInPlace() {
    long[] sum_E = {1, 2};
    Loads.add(sum_E, new long[] {10, 20});
    assertThat(sum_E).containsExactly(11, 22);
  }
}
