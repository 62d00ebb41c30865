package io.cambium.upcycle.utility;

import java.util.Locale;

/**
 * What an expert is judged by. g is the gradient of the mean loss over some batches, w the weights;
 * both run over all of the expert's tensors, as one vector.
 */
public enum Score {
  /** {@code |g|^2} (Expert Upcycling, arXiv 2604.19835). */
  GRAD_SQUARED,
  /** {@code |w| |g|} (same). */
  SALIENCY,
  /** {@code |w|^2} (same); needs no data. */
  WEIGHT_NORM,
  /** Sum of {@code g^2 / (v + 1e-8)} with v the optimizer's second moment (same). */
  FISHER,
  /** Share of the tokens that choose it. */
  ROUTED_SHARE,
  /**
   * Mean over those tokens of {@code gate |f(x)|} (REAP, arXiv 2510.13999): how long a vector it
   * adds.
   */
  GATED_OUTPUT;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
