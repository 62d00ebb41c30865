package io.cambium.training.alarm;

import io.cambium.training.metrics.Metric;
import java.util.Optional;

/**
 * Hears every event of a run in its order. What it says depends on these events and on nothing
 * else, so that a run that resumes needs no state of it but its own log.
 */
interface Alarm {

  /** Takes note of an event, and speaks if something begins to be wrong. */
  Optional<Metric.Alarm> hear(Metric event);
}
