package io.cambium.training.schedule;

/**
 * A schedule that begins anew in the middle of a run, for the steps that remain.
 *
 * @param rest over those steps
 * @param from steps taken before it begins
 */
record Restarted(Schedule rest, int from) implements Schedule {

  @Override
  public int decayStart() {
    return from + rest.decayStart();
  }

  @Override
  public double learningRate(int step) {
    return rest.learningRate(step - from);
  }

  @Override
  public double auxLossFactor(int step) {
    return rest.auxLossFactor(step - from);
  }

  @Override
  public double zLossFactor(int step) {
    return rest.zLossFactor(step - from);
  }
}
