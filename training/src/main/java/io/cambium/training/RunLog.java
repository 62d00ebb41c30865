package io.cambium.training;

import io.cambium.training.metrics.Metric;
import org.jspecify.annotations.Nullable;

/** What happens in a run, for those who want to know. */
interface RunLog extends AutoCloseable {

  /** Of a rank that leaves this to the first one. */
  RunLog SILENT =
      new RunLog() {
        @Override
        public void add(Metric metric) {}

        @Override
        public void remind() {}

        @Override
        public Metric.@Nullable Alarm stoppedBy() {
          return null;
        }

        @Override
        public void close() {}
      };

  /** Writes an event down, tells the listener, and says what follows from it. */
  void add(Metric metric);

  /**
   * Tells the alarms what the run went through. What the last event should have made them say
   * follows now, if the run was killed before it was logged.
   */
  void remind();

  /** The alarm that stops the run, if one did. */
  Metric.@Nullable Alarm stoppedBy();

  @Override
  void close();
}
