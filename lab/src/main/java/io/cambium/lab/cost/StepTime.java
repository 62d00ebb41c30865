package io.cambium.lab.cost;

import io.cambium.training.config.BatchConfig;
import io.cambium.training.config.HardwareConfig;

/**
 * A model of one training step on several devices, in seconds. State is fully sharded over all of
 * them; the experts of a layer are spread over a node, whose devices exchange tokens; no part
 * overlaps another.
 *
 * @param compute matrix products at the rate that training reaches
 * @param allToAll tokens to their experts and back, forward and backward
 * @param parameters weights gathered twice and gradients scattered once per micro batch, in bf16
 * @param optimizer the state read and written once
 */
public record StepTime(double compute, double allToAll, double parameters, double optimizer) {

  private static final int BF16 = 2;

  /** To the experts and back, in both passes. */
  private static final int EXCHANGES = 4;

  /** Gathered for the forward and the backward pass, and scattered after it. */
  private static final int GATHERS = 3;

  /** Read and written: moments and the fp32 copy; read: the gradient; written: bf16. */
  private static final int OPTIMIZER_BYTES = 2 * 12 + 4 + 2;

  /**
   * Models a step.
   *
   * @param sequences of a step, and how many of them a device computes at a time
   */
  static StepTime of(ModelSize model, BatchConfig sequences, int devices, HardwareConfig hardware) {
    double tokensPerDevice = (double) sequences.tokens() / devices;
    double microBatches =
        Math.ceil((double) sequences.sequences() / devices / sequences.microBatch());
    int spread = Math.min(hardware.devicesPerNode(), Math.min(devices, model.experts()));
    double gathered =
        model.parameters() - model.expertParameters() * (1 - 1.0 / Math.max(1, spread));
    return new StepTime(
        model.flops().training() * tokensPerDevice / hardware.reachedFlops(),
        EXCHANGES
            * BF16
            * model.routedWidth()
            * tokensPerDevice
            * others(spread)
            / hardware.exchangeBytesPerSecond(spread),
        GATHERS
            * BF16
            * gathered
            * microBatches
            * others(devices)
            / hardware.exchangeBytesPerSecond(devices),
        OPTIMIZER_BYTES * (double) model.parameters() / devices / hardware.memoryBytesPerSecond());
  }

  /** Share of what is spread evenly that lies on other devices. */
  private static double others(int devices) {
    return devices <= 1 ? 0 : (double) (devices - 1) / devices;
  }

  public double seconds() {
    return compute + allToAll + parameters + optimizer;
  }

  /** Share of the step that the all-to-all takes. */
  public double allToAllShare() {
    return allToAll / seconds();
  }
}
