package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Optional;

/** All the alarms of a run. */
public final class Alarms {

  private final List<Alarm> alarms;

  /**
   * @param layers the routing layers, by index in the model
   */
  public Alarms(AlarmConfig config, List<Integer> layers) {
    this.alarms =
        List.of(
            SpikeAlarm.ofGradient(config.gradientSpike()),
            SpikeAlarm.ofLoss(config.lossSpike()),
            new DeadExpertsAlarm(config.deadExperts(), layers),
            new OverloadAlarm(config.overload(), layers),
            SiblingAlarm.ofIdenticalClones(config.identicalClones(), layers),
            SiblingAlarm.ofCoselection(config.coselection(), layers));
  }

  /** Takes note of an event; what is to be said because of it. */
  public List<Metric.Alarm> hear(Metric event) {
    return alarms.stream().map(alarm -> alarm.hear(event)).flatMap(Optional::stream).toList();
  }
}
