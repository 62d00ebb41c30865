package io.cambium.training;

import io.cambium.training.config.RunConfig;
import io.cambium.training.config.ScheduleConfig.Restart;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the training loss rises after a transition: the beginning of a run, or a growth. A
 * learning rate that is too high for where the model stands shows in the first steps, and may cost
 * days until somebody looks at the curve. Compares means of {@value #WINDOW} steps; where nothing
 * came before, with the run's first ones.
 */
final class TransitionWatch {

  private static final String NAME = "loss_rise";
  private static final int WINDOW = 20;

  /** Steps after a transition that are looked at. */
  private static final int HORIZON = 200;

  /** A rise of fewer standard errors may be chance, one of fewer nats is not worth a word. */
  private static final double STANDARD_ERRORS = 4;

  private static final double NATS = 0.01;

  private final Restart restart;
  private final Deque<Double> losses = new ArrayDeque<>();
  private @Nullable Mean before;
  private long from;
  private long until = HORIZON;

  /** A mean over the window and the variance of its error. */
  private record Mean(double value, double variance) {

    static Mean of(Deque<Double> losses) {
      DoubleSummaryStatistics sum =
          losses.stream().mapToDouble(Double::doubleValue).summaryStatistics();
      double mean = sum.getAverage();
      double squares = losses.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
      return new Mean(mean, squares / (sum.getCount() - 1) / sum.getCount());
    }

    boolean isAbove(Mean other) {
      double error = Math.sqrt(variance + other.variance);
      return value - other.value > Math.max(NATS, STANDARD_ERRORS * error);
    }
  }

  TransitionWatch(Restart restart) {
    this.restart = restart;
  }

  /**
   * For a run that goes on after so many steps: with what its log holds, and before that the log of
   * the run it branches off.
   */
  static TransitionWatch of(RunConfig config, RunDirectory run, long step) {
    TransitionWatch watch = new TransitionWatch(config.schedule().restart());
    List<Metric> own = log(run, step);
    long first =
        own.stream()
            .filter(Metric.Train.class::isInstance)
            .findFirst()
            .map(metric -> metric.step() - 1)
            .orElse(step);
    if (config.branch()) {
      RunDirectory.of(config.model()).ifPresent(source -> log(source, first).forEach(watch::hear));
    }
    watch.begin(first);
    own.forEach(watch::hear);
    return watch;
  }

  private static List<Metric> log(RunDirectory run, long step) {
    return Files.exists(run.metrics())
        ? MetricsLog.read(run.metrics()).stream().filter(metric -> metric.step() <= step).toList()
        : List.of();
  }

  /** A transition after so many steps, with what was seen last as the measure. */
  private void begin(long step) {
    if (losses.size() == WINDOW) {
      before = Mean.of(losses);
    }
    losses.clear();
    from = step;
    until = step + HORIZON;
  }

  /**
   * Takes the next event.
   *
   * @return an alarm, once for each transition
   */
  Optional<Metric.Alarm> hear(Metric metric) {
    return switch (metric) {
      case Metric.Growth growth -> {
        begin(growth.step());
        yield Optional.empty();
      }
      case Metric.Train train -> hearStep(train);
      case Metric.Evaluation _, Metric.Alarm _ -> Optional.empty();
    };
  }

  private Optional<Metric.Alarm> hearStep(Metric.Train train) {
    losses.add(train.loss());
    if (losses.size() > WINDOW) {
      losses.remove();
    }
    if (losses.size() < WINDOW || train.step() > until) {
      return Optional.empty();
    }
    Mean now = Mean.of(losses);
    if (before == null) {
      before = now;
    }
    if (!now.isAbove(before)) {
      return Optional.empty();
    }
    until = from;
    return Optional.of(alarm(train, before, now));
  }

  private Metric.Alarm alarm(Metric.Train train, Mean earlier, Mean now) {
    return new Metric.Alarm(
        train.step(),
        train.tokens(),
        NAME,
        "the training loss rose after step %d from %.4f to %.4f, means of %d steps"
            .formatted(from, earlier.value(), now.value(), WINDOW),
        "the learning rate may be too high here: branch off before it with a lower"
            + " optimizer.learning_rate, or with "
            + (restart == Restart.REWARM ? "a longer schedule.warmup" : "schedule.restart: rewarm"),
        new TreeMap<>(),
        false);
  }
}
