package io.cambium.training.config;

import io.cambium.model.RouterLosses;

/**
 * How the experts' load is kept even.
 *
 * @param rate what a step moves each expert's selection bias by, towards even load (loss-free
 *     balancing, arXiv 2408.15664); 0 leaves the bias alone, a high rate makes the choice swing
 * @param auxLoss weight of the load-balancing loss, which but in the form {@code sequence} is over
 *     the tokens that all workers compute at a time; 0 leaves it out
 * @param auxForm which load-balancing loss: Switch's in each layer, 1 at balance; the same in each
 *     sequence, which no split of the batch changes but which leaves sequences less free to differ;
 *     or the one that Hugging Face transformers has, over all layers at once and K at balance, so
 *     that the same weight pushes about K times as hard
 * @param zLoss weight of the router z-loss (ST-MoE, arXiv 2202.08906), which keeps router logits
 *     small; 0 leaves it out
 */
public record BalanceConfig(double rate, double auxLoss, RouterLosses.Form auxForm, double zLoss) {

  public static final BalanceConfig DEFAULT =
      new BalanceConfig(1e-3, 0, RouterLosses.Form.PER_LAYER, 0);

  public BalanceConfig {
    Range.notNegative("balance.rate", rate);
    Range.notNegative("balance.aux_loss", auxLoss);
    Range.notNegative("balance.z_loss", zLoss);
  }
}
