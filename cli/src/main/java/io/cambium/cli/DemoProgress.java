package io.cambium.cli;

import io.cambium.lab.demo.Demo;
import io.cambium.training.metrics.Metric;

/** Shows the demo: one bar for each run, and what happens on the way. */
final class DemoProgress implements Demo.Listener, AutoCloseable {

  private final TerminalProgress progress;
  private TrainingProgress run;

  DemoProgress(TerminalProgress progress) {
    this.progress = progress;
    this.run = new TrainingProgress(progress, "training", 0, 0);
  }

  @Override
  public void begins(String what, int firstStep, int lastStep) {
    progress.println("-- " + what);
    run = new TrainingProgress(progress, what, firstStep, lastStep);
  }

  @Override
  public void metric(Metric metric) {
    run.metric(metric);
  }

  @Override
  public void message(String text) {
    progress.println(text);
  }

  @Override
  public void update(String what, long done, long total) {
    progress.update(what, done, total);
  }

  @Override
  public void close() {
    progress.close();
  }
}
