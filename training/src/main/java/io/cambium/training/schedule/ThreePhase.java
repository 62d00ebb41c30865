package io.cambium.training.schedule;

/**
 * The three phases of a sparse upcycling recipe: in the warm-up new routers learn to spread tokens
 * while the weights hardly move; experts specialise at the full rate; in the refinement they
 * settle.
 *
 * @param peak the learning rate of the specialisation
 * @param warmupSteps steps of the warm-up
 * @param decayStart the last step of the specialisation
 * @param floor the learning rate of the other two, as a share of the peak
 */
record ThreePhase(double peak, int warmupSteps, int decayStart, double floor) implements Schedule {

  private static final double WARMUP_AUX_LOSS = 5;
  private static final double WARMUP_Z_LOSS = 2;
  private static final double REFINEMENT_LOSSES = 0.5;

  @Override
  public double learningRate(int step) {
    return phase(step, peak * floor, peak, peak * floor);
  }

  @Override
  public double auxLossFactor(int step) {
    return phase(step, WARMUP_AUX_LOSS, 1, REFINEMENT_LOSSES);
  }

  @Override
  public double zLossFactor(int step) {
    return phase(step, WARMUP_Z_LOSS, 1, REFINEMENT_LOSSES);
  }

  private double phase(int step, double warmup, double specialisation, double refinement) {
    if (step <= warmupSteps) {
      return warmup;
    }
    return step <= decayStart ? specialisation : refinement;
  }
}
