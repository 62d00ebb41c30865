package io.cambium.training.config;

/**
 * How the experts' load is kept even.
 *
 * @param rate what a step moves each expert's selection bias by, towards even load (loss-free
 *     balancing, arXiv 2408.15664); 0 leaves the bias alone, a high rate makes the choice swing
 * @param zLoss weight of the router z-loss (ST-MoE, arXiv 2202.08906), which keeps router logits
 *     small; 0 leaves it out
 */
public record BalanceConfig(double rate, double zLoss) {

  public static final BalanceConfig DEFAULT = new BalanceConfig(1e-3, 0);

  public BalanceConfig {
    Range.notNegative("balance.rate", rate);
    Range.notNegative("balance.z_loss", zLoss);
  }
}
