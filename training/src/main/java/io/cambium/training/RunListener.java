package io.cambium.training;

import io.cambium.training.metrics.Metric;

/** Hears what a run does, on the thread that trains. */
public interface RunListener {

  /** Hears nothing. */
  RunListener NONE =
      new RunListener() {
        @Override
        public void metric(Metric metric) {}

        @Override
        public void message(String text) {}
      };

  /** An event was logged. */
  void metric(Metric metric);

  /** Something worth a line. */
  void message(String text);
}
