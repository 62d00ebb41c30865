package io.cambium.lab.live;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.TrainingException;
import io.cambium.training.config.RunConfig;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import io.cambium.training.metrics.MetricsTail;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/** A run that may still go on, from the files in its directory; it is not disturbed. */
public final class LiveRun {

  private final Path directory;
  private final MetricsTail tail;
  private RunView view = new RunView();
  private long steps;

  /**
   * @param directory which a run may only be about to make
   */
  public LiveRun(Path directory) {
    this.directory = directory;
    this.tail = new MetricsTail(log());
  }

  /**
   * Takes in what was logged since the last time.
   *
   * @param also hears every event too; all anew where the run was resumed
   * @return whether there was anything
   * @throws CambiumException if run.yaml or the log is malformed
   */
  public boolean poll(Consumer<Metric> also) {
    if (steps == 0 && Files.exists(config())) {
      steps = RunConfig.read(config(), List.of()).steps();
    }
    return tail.poll(
        new MetricsTail.Follower() {
          @Override
          public void restarted() {
            view = new RunView();
          }

          @Override
          public void event(Metric event) {
            view.hear(event);
            also.accept(event);
          }
        });
  }

  /** Whether there is a run. */
  public boolean exists() {
    return Files.exists(config());
  }

  private Path log() {
    return directory.resolve(MetricsLog.FILE_NAME);
  }

  private Path config() {
    return directory.resolve(RunConfig.FILE_NAME);
  }

  /** When the run logged something for the last time, or began. */
  private Instant written() {
    for (Path file : List.of(log(), config())) {
      if (Files.exists(file)) {
        try {
          return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
          throw new TrainingException(file, "cannot be read: " + e, null, e);
        }
      }
    }
    return Instant.EPOCH;
  }

  /** What is known now. */
  public Snapshot snapshot() {
    return view.snapshot(directory.toString(), steps, written());
  }
}
