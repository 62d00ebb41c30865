package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.Spike;
import io.cambium.training.metrics.Metric;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** A value of a training step far above the median of those before it. */
final class SpikeAlarm implements Alarm {

  /** Makes a standard deviation of the median absolute deviation of normal values. */
  private static final double NORMAL = 1.4826;

  private final String name;
  private final String what;
  private final ToDoubleFunction<Metric.Train> value;
  private final String remedy;
  private final Spike bounds;
  private final ArrayDeque<Double> window = new ArrayDeque<>();
  private final Occurrence spike;

  private SpikeAlarm(
      String name, String what, ToDoubleFunction<Metric.Train> value, String remedy, Spike bounds) {
    this.name = name;
    this.what = what;
    this.value = value;
    this.remedy = remedy;
    this.bounds = bounds;
    this.spike = new Occurrence(1, bounds.window());
  }

  static SpikeAlarm ofGradient(Spike bounds) {
    return new SpikeAlarm(
        "gradient_spike",
        "gradient norm",
        Metric.Train::gradNorm,
        "clipping holds a single one; if they come back, lower optimizer.learning_rate or"
            + " optimizer.clip_norm, and look at the step's data",
        bounds);
  }

  static SpikeAlarm ofLoss(Spike bounds) {
    return new SpikeAlarm(
        "loss_spike",
        "training loss",
        Metric.Train::loss,
        "if it does not come down by itself, go back to an earlier checkpoint with a lower"
            + " optimizer.learning_rate",
        bounds);
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    return event instanceof Metric.Train step ? hear(step) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Train step) {
    double now = value.applyAsDouble(step);
    Optional<Metric.Alarm> said =
        window.size() < bounds.window() ? Optional.empty() : compare(step, now);
    window.addLast(now);
    if (window.size() > bounds.window()) {
      window.removeFirst();
    }
    return said;
  }

  private Optional<Metric.Alarm> compare(Metric.Train step, double now) {
    double median = median(window);
    double deviation =
        NORMAL * median(window.stream().map(before -> Math.abs(before - median)).toList());
    double bound = median + Math.max(bounds.deviations() * deviation, bounds.rise() * median);
    return spike.begins(now > bound) ? Optional.of(alarm(step, now, median)) : Optional.empty();
  }

  private Metric.Alarm alarm(Metric.Train step, double now, double median) {
    return new Metric.Alarm(
        step.step(),
        step.tokens(),
        name,
        String.format(
            Locale.ROOT,
            "%s %.4g, %.1f times its median %.4g over the last %d steps",
            what,
            now,
            now / median,
            median,
            bounds.window()),
        remedy,
        new TreeMap<>(),
        bounds.stop());
  }

  private static double median(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
