package io.cambium.cli;

import io.cambium.lab.live.LiveRun;
import io.cambium.lab.live.Snapshot;
import java.time.Duration;
import java.time.Instant;

/** What a run's files tell of the process behind it. */
final class RunState {

  /** A run that has logged nothing for this long, and for many steps, may be over. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  private static final int SILENT_STEPS = 20;

  private RunState() {}

  static String of(LiveRun run) {
    Snapshot now = run.snapshot();
    if (now.finished()) {
      return "finished";
    }
    Duration since = Duration.between(run.lastWritten(), Instant.now());
    Snapshot.Pace pace = now.pace();
    double patience = pace == null ? 0 : SILENT_STEPS * pace.secondsPerStep();
    return since.toSeconds() > Math.max(SILENCE.toSeconds(), patience)
        ? "no step for " + Clock.text(since.toSeconds()) + ": stopped?"
        : "running";
  }
}
