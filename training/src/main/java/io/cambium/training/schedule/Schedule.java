package io.cambium.training.schedule;

import io.cambium.training.config.ScheduleConfig;

/** The learning rate over the steps of a run. Steps count from 1. */
public sealed interface Schedule permits WarmupStableDecay, Cosine, ThreePhase, Restarted {

  /** The last step at the full learning rate; it falls from the one after. */
  int decayStart();

  /** The learning rate of a step. */
  double learningRate(int step);

  /** What the weight of the load-balancing loss is multiplied with in a step. */
  default double auxLossFactor(int step) {
    return 1;
  }

  /** What the weight of the router z-loss is multiplied with in a step. */
  default double zLossFactor(int step) {
    return 1;
  }

  /**
   * The schedule of a run.
   *
   * @param peak the highest learning rate
   * @param steps of the whole run
   * @param from steps taken when the schedule began anew; 0 where it never did
   */
  static Schedule of(ScheduleConfig config, double peak, int steps, int from) {
    return from == 0
        ? of(config, peak, steps)
        : new Restarted(of(config.again(), peak, steps - from), from);
  }

  /** The schedule of a whole run. */
  private static Schedule of(ScheduleConfig config, double peak, int steps) {
    int warmup = config.warmupSteps(steps);
    int decayStart = config.decayStart(steps);
    return switch (config.form()) {
      case WSD -> new WarmupStableDecay(peak, warmup, decayStart, steps, config.floor());
      case COSINE -> new Cosine(peak, warmup, decayStart, steps, config.floor());
      case THREE_PHASE -> new ThreePhase(peak, warmup, decayStart, config.floor());
    };
  }
}
