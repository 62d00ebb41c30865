package io.cambium.training.schedule;

/**
 * Warmup-stable-decay (MiniCPM, arXiv 2404.06395, section 4): the learning rate rises linearly,
 * stays, and falls linearly. No step is wasted on a rate of zero: the rise starts just before the
 * first step, and the fall ends just after the last.
 *
 * @param peak the learning rate between rise and fall
 * @param warmupSteps steps in which it rises
 * @param decayStart the last step at the peak
 * @param steps of the whole run
 * @param floor share of the peak that the fall aims at
 */
record WarmupStableDecay(double peak, int warmupSteps, int decayStart, int steps, double floor)
    implements Schedule {

  @Override
  public double learningRate(int step) {
    if (step <= warmupSteps) {
      return peak * step / warmupSteps;
    }
    if (step <= decayStart) {
      return peak;
    }
    double left = (double) (steps - step + 1) / (steps - decayStart + 1);
    return peak * (floor + (1 - floor) * left);
  }
}
