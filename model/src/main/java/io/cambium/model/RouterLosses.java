package io.cambium.model;

/**
 * Coefficients of the losses on the router, each a mean over tokens and routing layers.
 *
 * @param auxiliary of Switch's load-balancing loss (arXiv 2101.03961): 1 at perfect balance
 * @param z of the router z-loss (ST-MoE, arXiv 2202.08906)
 * @param logSumShift what the logits' log-sum-exp is lowered by in the z-loss: log m after a growth
 *     by m, whose copies raise it by that much
 */
public record RouterLosses(double auxiliary, double z, double logSumShift) {

  /** Neither. */
  public static final RouterLosses NONE = new RouterLosses(0, 0, 0);
}
