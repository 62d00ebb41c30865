package io.cambium.cli;

import io.cambium.training.RunListener;
import io.cambium.training.metrics.Metric;

/** Shows a training run: a bar with loss and speed, and a line for each evaluation and growth. */
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
    switch (metric) {
      case Metric.Train train -> {
        progress.update(what, train.step() - firstStep, lastStep - firstStep);
        progress.detail(
            "loss %.3f  %,.0f tokens/s".formatted(train.loss(), train.tokensPerSecond()));
      }
      case Metric.Evaluation evaluation ->
          progress.println(
              "step %d: validation loss %.4f".formatted(evaluation.step(), evaluation.meanLoss()));
      case Metric.Growth growth ->
          progress.println(
              "step %d: grown from %d to %d experts (%s), validation loss %.4f -> %.4f"
                  .formatted(
                      growth.step(),
                      growth.sourceExperts(),
                      growth.targetExperts(),
                      growth.mode(),
                      growth.lossBefore(),
                      growth.lossAfter()));
    }
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
