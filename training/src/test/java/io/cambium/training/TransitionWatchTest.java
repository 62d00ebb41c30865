package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.training.config.ScheduleConfig.Restart;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Growth after step 50 of 300, with noise of 0.03 nats on every step. */
class TransitionWatchTest {

  private static final int GROWTH = 50;

  @Test
  void speaksOnceWhereTheLossRises() {
    List<Metric.Alarm> alarms = alarms(step -> step > GROWTH + 10 ? 4.2 : 4.0);
    assertThat(alarms).hasSize(1);
    assertThat(alarms.getFirst().message())
        .contains("rose after step 50 from 3.9", " to 4.", "means of 20 steps");
    assertThat(alarms.getFirst().remedy())
        .contains("the learning rate may be too high here", "schedule.restart: rewarm");
  }

  @Test
  void isSilentWhereItFallsOrStays() {
    assertThat(alarms(step -> 4.0)).isEmpty();
    assertThat(alarms(step -> 5.0 - 0.005 * step)).isEmpty();
    assertThat(alarms(step -> step == GROWTH + 3 ? 4.3 : 4.0)).isEmpty();
  }

  @Test
  void comparesTheBeginningOfARunWithItsFirstSteps() {
    assertThat(alarms(step -> step > 30 && step < 50 ? 4.2 : 4.0).getFirst().message())
        .contains("rose after step 0 ");
  }

  private static List<Metric.Alarm> alarms(IntToDoubleFunction loss) {
    TransitionWatch watch = new TransitionWatch(Restart.CONTINUE);
    SplittableRandom random = new SplittableRandom(7);
    return IntStream.rangeClosed(1, 300)
        .mapToObj(step -> {
          double noise = 0.03 * (random.nextDouble() * 2 - 1);
          Optional<Metric.Alarm> alarm = watch.hear(train(step, loss.applyAsDouble(step) + noise));
          if (step == GROWTH) {
            watch.hear(new Metric.Growth(step, step, "flat", "copy", 2, 4, 4.0, 4.0, 0));
          }
          return alarm;
        })
        .flatMap(Optional::stream)
        .toList();
  }

  private static Metric.Train train(int step, double loss) {
    return new Metric.Train(step, step, loss, 1e-3, 1, 1, 1, List.of(), List.of(), List.of());
  }
}
