package io.cambium.training.config;

/**
 * How the experts' load is kept even.
 *
 * @param rate what a step moves each expert's selection bias by, towards even load (loss-free
 *     balancing, arXiv 2408.15664); 0 leaves the bias alone, a high rate makes the choice swing
 * @param auxLoss weight of Switch's load-balancing loss (arXiv 2101.03961), over the tokens that
 *     all workers compute at a time; 0 leaves it out
 * @param zLoss weight of the router z-loss (ST-MoE, arXiv 2202.08906), which keeps router logits
 *     small; 0 leaves it out
 */
public record BalanceConfig(double rate, double auxLoss, double zLoss) {

  public static final BalanceConfig DEFAULT = new BalanceConfig(1e-3, 0, 0);

  public BalanceConfig {
    Range.notNegative("balance.rate", rate);
    Range.notNegative("balance.aux_loss", auxLoss);
    Range.notNegative("balance.z_loss", zLoss);
  }
}
