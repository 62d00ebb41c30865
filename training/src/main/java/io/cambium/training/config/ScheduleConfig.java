package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.util.Locale;

/**
 * The learning rate over a run, in shares of all steps. The defaults depend on the form.
 *
 * @param form which schedule
 * @param warmup share in which the learning rate rises linearly to its peak, too short and Adam's
 *     first steps are wild; in the form three_phase the share of the first phase
 * @param decay share at the end in which it falls; where most of the late gain in loss comes from.
 *     0 keeps the peak, so that another run can branch off. In the form cosine no more than the
 *     warm-up leaves; in the form three_phase the share of the last phase
 * @param floor what the decay falls to, as a share of the peak; in the form three_phase the rate of
 *     the first and the last phase
 * @param restart how it goes on after a growth, and where a run branches off
 */
public record ScheduleConfig(
    Form form, double warmup, double decay, double floor, Restart restart) {

  /** The shape of the curve. */
  public enum Form {
    /** Rises, stays, falls linearly: a run can branch off or grow in the stable phase. */
    WSD,
    /** Rises and falls as half a cosine, from the end of the rise on. */
    COSINE,
    /** Low, full, low: for the continued training of a model that was dense. */
    THREE_PHASE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The learning rate after a transition. */
  public enum Restart {
    /** As if nothing had happened. */
    CONTINUE,
    /** The schedule begins anew for the steps that remain, with its warm-up. */
    REWARM,
    /** The same without the warm-up. */
    PEAK;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public static final ScheduleConfig DEFAULT = defaults(Form.WSD);

  public ScheduleConfig {
    Range.share("schedule.warmup", warmup);
    Range.share("schedule.decay", decay);
    Range.share("schedule.floor", floor);
    if (form != Form.COSINE && warmup + decay > 1) {
      throw new UsageException(
          "schedule",
          "warmup " + warmup + " and decay " + decay + " are more than the whole run",
          "make them add up to 1 or less");
    }
  }

  /** A form's own defaults. */
  public static ScheduleConfig defaults(Form form) {
    return switch (form) {
      case WSD -> new ScheduleConfig(form, 0.02, 0.1, 0.0, Restart.CONTINUE);
      case COSINE -> new ScheduleConfig(form, 0.02, 1.0, 0.0, Restart.CONTINUE);
      case THREE_PHASE -> new ScheduleConfig(form, 0.05, 0.25, 0.1, Restart.CONTINUE);
    };
  }

  /** The same for the steps after a transition. */
  public ScheduleConfig again() {
    return new ScheduleConfig(
        form, restart == Restart.PEAK ? 0 : warmup, decay, floor, Restart.CONTINUE);
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

  /** The same for a run with a transition after this many steps. */
  int decayStart(int steps, int transition) {
    return restart == Restart.CONTINUE
        ? decayStart(steps)
        : transition + again().decayStart(steps - transition);
  }
}
