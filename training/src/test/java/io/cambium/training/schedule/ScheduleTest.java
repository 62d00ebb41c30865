package io.cambium.training.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.training.config.ScheduleConfig;
import io.cambium.training.config.ScheduleConfig.Form;
import io.cambium.training.config.ScheduleConfig.Restart;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  @Test
  void risesStaysAndFalls() {
    Schedule schedule = new WarmupStableDecay(1.0, 4, 7, 10, 0.0);
    double[] rates = IntStream.rangeClosed(1, 10).mapToDouble(schedule::learningRate).toArray();
    assertThat(rates)
        .containsExactly(
            new double[] {0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25}, within(1e-15));
  }

  @Test
  void fallsToTheFloor() {
    Schedule schedule = new WarmupStableDecay(2e-3, 0, 1, 3, 0.1);
    assertThat(schedule.learningRate(1)).isEqualTo(2e-3);
    assertThat(schedule.learningRate(2)).isCloseTo(2e-3 * 0.7, within(1e-18));
    assertThat(schedule.learningRate(3)).isCloseTo(2e-3 * 0.4, within(1e-18));
  }

  @Test
  void staysAtThePeakWithoutDecay() {
    Schedule schedule = new WarmupStableDecay(1.0, 0, 1, 1, 0.0);
    assertThat(schedule.learningRate(1)).isEqualTo(1.0);
  }

  /** What get_cosine_schedule_with_warmup of transformers 5.23 gives for 3 and 12 steps. */
  @Test
  void fallsAsACosine() {
    Schedule schedule =
        Schedule.of(new ScheduleConfig(Form.COSINE, 0.27, 1, 0, Restart.CONTINUE), 1.0, 11, 0);
    double[] rates = IntStream.rangeClosed(1, 11).mapToDouble(schedule::learningRate).toArray();
    assertThat(rates)
        .containsExactly(
            new double[] {
              0.3333333333333333,
              0.6666666666666666,
              1.0,
              0.9698463103929542,
              0.883022221559489,
              0.75,
              0.5868240888334653,
              0.41317591116653485,
              0.2500000000000001,
              0.11697777844051105,
              0.03015368960704584
            },
            within(1e-15));
  }

  @Test
  void aCosineMayStayFirstAndEndsAtItsFloor() {
    Schedule schedule =
        Schedule.of(new ScheduleConfig(Form.COSINE, 0, 0.5, 0.2, Restart.CONTINUE), 2.0, 10, 0);
    assertThat(schedule.learningRate(5)).isEqualTo(2.0);
    assertThat(schedule.learningRate(8)).isCloseTo(1.2, within(1e-15));
    assertThat(schedule.learningRate(10)).isBetween(0.4, 0.6);
  }

  @Test
  void theThreePhasesChangeRateAndLosses() {
    Schedule schedule = Schedule.of(ScheduleConfig.defaults(Form.THREE_PHASE), 2e-5, 40, 0);
    assertThat(schedule.learningRate(2)).isCloseTo(2e-6, within(1e-20));
    assertThat(schedule.auxLossFactor(2)).isEqualTo(5);
    assertThat(schedule.zLossFactor(2)).isEqualTo(2);
    for (int step : new int[] {3, 30}) {
      assertThat(schedule.learningRate(step)).isEqualTo(2e-5);
      assertThat(schedule.auxLossFactor(step)).isEqualTo(1);
      assertThat(schedule.zLossFactor(step)).isEqualTo(1);
    }
    assertThat(schedule.learningRate(31)).isCloseTo(2e-6, within(1e-20));
    assertThat(schedule.auxLossFactor(31)).isEqualTo(0.5);
    assertThat(schedule.zLossFactor(40)).isEqualTo(0.5);
  }

  @Test
  void beginsAnewForTheStepsThatRemain() {
    Schedule again = Schedule.of(again(Restart.REWARM), 1.0, 110, 10);
    Schedule whole = Schedule.of(again(Restart.CONTINUE), 1.0, 100, 0);
    for (int step = 11; step <= 110; step++) {
      assertThat(again.learningRate(step)).isEqualTo(whole.learningRate(step - 10));
    }
    assertThat(again.decayStart()).isEqualTo(10 + whole.decayStart());
  }

  @Test
  void mayBeginAnewAtThePeak() {
    Schedule again = Schedule.of(again(Restart.PEAK), 3.0, 110, 10);
    assertThat(again.learningRate(11)).isEqualTo(3.0);
    assertThat(again.decayStart()).isEqualTo(90);
  }

  private static ScheduleConfig again(Restart restart) {
    return new ScheduleConfig(Form.WSD, 0.1, 0.2, 0, restart);
  }
}
