package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;

/**
 * Warmup-stable-decay, in shares of all steps.
 *
 * @param warmup share in which the learning rate rises linearly to its peak; too short and Adam's
 *     first steps are wild
 * @param decay share at the end in which it falls linearly; where most of the late gain in loss
 *     comes from. 0 keeps the peak, so that another run can branch off
 * @param floor what the decay falls to, as a share of the peak
 */
public record ScheduleConfig(double warmup, double decay, double floor) {

  public static final ScheduleConfig DEFAULT = new ScheduleConfig(0.02, 0.1, 0.0);

  public ScheduleConfig {
    Range.share("schedule.warmup", warmup);
    Range.share("schedule.decay", decay);
    Range.share("schedule.floor", floor);
    if (warmup + decay > 1) {
      throw new UsageException(
          "schedule",
          "warmup " + warmup + " and decay " + decay + " are more than the whole run",
          "make them add up to 1 or less");
    }
  }

  /** Steps in which the learning rate rises. */
  public int warmupSteps(int steps) {
    return Math.toIntExact(Math.round(warmup * steps));
  }

  /** The last step at the full learning rate; it falls from the one after. */
  public int decayStart(int steps) {
    int decaySteps = Math.toIntExact(Math.round(decay * steps));
    return Math.max(warmupSteps(steps), steps - decaySteps);
  }
}
