package io.cambium.model;

import org.bytedeco.pytorch.Tensor;

/** Watches what reaches the feed-forward blocks. Called by every worker, at the same time. */
public interface RoutingListener {

  /** Watches nothing. */
  RoutingListener NONE = (worker, layer, x_TD, choice) -> {};

  /**
   * A routing layer's turn.
   *
   * @param x_TD the layer's input after its norm, valid during the call
   * @param choice the chosen experts, T*K, slots of a token side by side
   */
  void routed(int worker, int layer, Tensor x_TD, int[] choice);

  /**
   * A routing layer's experts have answered.
   *
   * @param choice as above
   * @param weights_TK the routers' weights on the chosen experts, valid during the call
   * @param outputs_TKD what these gave, before those weights; but behind them where the family
   *     weights inputs
   */
  default void answered(
      int worker, int layer, int[] choice, Tensor weights_TK, Tensor outputs_TKD) {}

  /**
   * The scores behind a routing layer's choice.
   *
   * @param scores_TE of sigmoid or softmax, before any bias, valid during the call
   */
  default void scored(int worker, int layer, Tensor scores_TE) {}

  /**
   * A dense layer's turn.
   *
   * @param x_TD likewise
   */
  default void passed(int worker, int layer, Tensor x_TD) {}
}
