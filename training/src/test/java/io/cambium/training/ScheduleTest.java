package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  @Test
  void risesStaysAndFalls() {
    Schedule schedule = new Schedule(1.0, 4, 7, 10, 0.0);
    double[] rates = IntStream.rangeClosed(1, 10).mapToDouble(schedule::learningRate).toArray();
    assertThat(rates)
        .containsExactly(
            new double[] {0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25}, within(1e-15));
  }

  @Test
  void fallsToTheFloor() {
    Schedule schedule = new Schedule(2e-3, 0, 1, 3, 0.1);
    assertThat(schedule.learningRate(1)).isEqualTo(2e-3);
    assertThat(schedule.learningRate(2)).isCloseTo(2e-3 * 0.7, within(1e-18));
    assertThat(schedule.learningRate(3)).isCloseTo(2e-3 * 0.4, within(1e-18));
  }

  @Test
  void staysAtThePeakWithoutDecay() {
    Schedule schedule = new Schedule(1.0, 0, 1, 1, 0.0);
    assertThat(schedule.learningRate(1)).isEqualTo(1.0);
  }
}
