package io.cambium.training.schedule;

/**
 * Half a cosine down to the floor (arXiv 1608.03983, equation 5, without restarts), after a linear
 * rise and, where asked for, steps at the peak. As in {@link WarmupStableDecay} the fall ends just
 * after the last step.
 *
 * @param peak the highest learning rate
 * @param warmupSteps steps in which it rises
 * @param decayStart the last step at the peak
 * @param steps of the whole run
 * @param floor share of the peak that the fall aims at
 */
record Cosine(double peak, int warmupSteps, int decayStart, int steps, double floor)
    implements Schedule {

  @Override
  public double learningRate(int step) {
    if (step <= warmupSteps) {
      return peak * step / warmupSteps;
    }
    if (step <= decayStart) {
      return peak;
    }
    double fallen = (double) (step - decayStart) / (steps - decayStart + 1);
    return peak * (floor + (1 - floor) * (1 + Math.cos(Math.PI * fallen)) / 2);
  }
}
