package io.cambium.cli;

import io.cambium.lab.live.Snapshot;
import java.time.Duration;
import java.time.Instant;

/** What a run's files tell of the process behind it. */
final class RunState {

  private RunState() {}

  static String of(Snapshot run) {
    Duration silent = Duration.between(Instant.ofEpochMilli(run.written()), Instant.now());
    if (run.finished()) {
      return "finished";
    }
    return silent.toSeconds() > run.patience()
        ? "no step for " + Clock.text(silent.toSeconds()) + ": stopped?"
        : "running";
  }
}
