package io.cambium.model;

import java.util.Locale;

/**
 * Coefficients of the losses on the router, each a mean over tokens and routing layers.
 *
 * @param auxiliary of the load-balancing loss
 * @param form which load-balancing loss
 * @param z of the router z-loss (ST-MoE, arXiv 2202.08906)
 * @param logSumShift what the logits' log-sum-exp is lowered by in the z-loss: log m after a growth
 *     by m, whose copies raise it by that much
 * @param agreement of the agreement loss, by which the routers of a grown model learn to take one
 *     sibling of each lineage by plain top-K, as {@link SelectionRule.Lineage} does; under any
 *     other rule there is nothing to agree with, and it is zero
 */
public record RouterLosses(
    double auxiliary, Form form, double z, double logSumShift, double agreement) {

  /** None of them. */
  public static final RouterLosses NONE = new RouterLosses(0, Form.PER_LAYER, 0, 0, 0);

  /**
   * A load-balancing loss over E experts, of which each token chooses K: from f, each expert's
   * share of the tokens or of the choices, and P, its mean probability.
   */
  public enum Form {
    /**
     * {@code E * sum f P} in each layer, then the mean over the layers; f sums to 1, P is the share
     * of the scores (Switch, arXiv 2101.03961, equations 4 to 6). 1 at perfect balance.
     */
    PER_LAYER,
    /**
     * {@code E * sum f P} of f and P that are means over all layers; f sums to K, P is the softmax
     * of the logits whatever the router's score. This is {@code load_balancing_loss_func} of
     * Hugging Face transformers, but for experts that a selection bias or a grown model's rule
     * chose: f has them, where that function takes the K largest logits. K at perfect balance, and
     * also where the layers are uneven in ways that cancel out.
     */
    POOLED,
    /**
     * {@code E * sum f P} of each sequence's own f and P in each layer, then the mean over
     * sequences and layers; f sums to 1, P is the share of the scores (DeepSeek-V3, arXiv
     * 2412.19437, equations 17 to 20). 1 where every sequence is balanced, which asks more than
     * {@link #PER_LAYER} does. No sequence sees another, so neither value nor gradient depends on
     * how a batch is split.
     */
    SEQUENCE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
