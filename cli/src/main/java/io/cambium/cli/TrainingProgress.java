package io.cambium.cli;

import io.cambium.training.RunListener;
import io.cambium.training.metrics.Metric;

/** Shows a training run: a bar with loss and speed, and what is to be said of every other event. */
final class TrainingProgress implements RunListener, AutoCloseable {

  private final TerminalProgress progress;
  private final String what;
  private final long firstStep;
  private final long lastStep;

  TrainingProgress(TerminalProgress progress, String what, long firstStep, long lastStep) {
    this.progress = progress;
    this.what = what;
    this.firstStep = firstStep;
    this.lastStep = lastStep;
  }

  @Override
  public void metric(Metric metric) {
    if (metric instanceof Metric.Train train) {
      progress.update(what, train.step() - firstStep, lastStep - firstStep);
      progress.detail("loss %.3f  %,.0f tokens/s".formatted(train.loss(), train.tokensPerSecond()));
    }
    EventText.lines(metric).forEach(progress::println);
  }

  @Override
  public void message(String text) {
    progress.println(text);
  }

  @Override
  public void close() {
    progress.close();
  }
}
