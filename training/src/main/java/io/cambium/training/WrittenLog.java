package io.cambium.training;

import io.cambium.checkpoint.Closing;
import io.cambium.training.alarm.Alarms;
import io.cambium.training.config.RunConfig;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import io.cambium.training.metrics.TensorBoardWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The log of a run in its directory, and the alarms that hear it. */
final class WrittenLog implements RunLog {

  private final Path file;
  private final RunListener listener;
  private final TransitionWatch transitions;
  private final MetricsLog metrics;
  private final TensorBoardWriter tensorBoard;
  private final Alarms alarms;
  private Metric.@Nullable Alarm stoppedBy;

  /**
   * @param step steps taken; what the directory holds beyond them is cut off
   * @param goesOn whether there is a log already
   * @param layers the routing layers, by index in the model
   */
  WrittenLog(
      RunConfig config,
      RunDirectory run,
      long step,
      boolean goesOn,
      List<Integer> layers,
      RunListener listener) {
    this.file = run.metrics();
    this.listener = listener;
    this.transitions = TransitionWatch.of(config, run, step);
    this.metrics = goesOn ? MetricsLog.resume(file, step) : MetricsLog.create(file);
    this.alarms = new Alarms(config.alarms(), layers);
    try {
      this.tensorBoard =
          goesOn
              ? TensorBoardWriter.resume(run.tensorBoard(), step, Clock.systemUTC())
              : TensorBoardWriter.create(run.tensorBoard(), Clock.systemUTC());
    } catch (RuntimeException e) {
      metrics.close();
      throw e;
    }
  }

  @Override
  public void add(Metric metric) {
    metrics.append(metric);
    tensorBoard.write(metric);
    listener.metric(metric);
    transitions.hear(metric).ifPresent(this::add);
    if (metric instanceof Metric.Alarm alarm && alarm.stops()) {
      stoppedBy = alarm;
    }
    alarms.hear(metric).forEach(this::add);
  }

  @Override
  public void remind() {
    List<Metric.Alarm> missing = new ArrayList<>();
    MetricsLog.forEach(
        file,
        event -> {
          if (!missing.removeIf(event::equals)) {
            missing.clear();
            missing.addAll(alarms.hear(event));
          }
        });
    missing.forEach(this::add);
  }

  @Override
  public Metric.@Nullable Alarm stoppedBy() {
    return stoppedBy;
  }

  @Override
  public void close() {
    Closing.all(Stream.of(metrics::close, tensorBoard::close));
  }
}
