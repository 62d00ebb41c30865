package io.cambium.model;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Computes one expert on the rows that were routed to it. N rows, D hidden, F expert width.
 *
 * <p>Stateless, so that any worker may run any expert: which one does changes no bit of the result.
 */
interface ExpertKernel {

  /**
   * {@code y_ND = down(silu(gate(x)) * up(x))}.
   *
   * @param gateUp_N2F out: gate(x) and up(x), which the backward pass needs
   * @param y_ND out
   */
  void forward(ExpertWeights weights, Tensor x_ND, Tensor gateUp_N2F, Tensor y_ND);

  /**
   * Gradients of the expert, whose gate and up lie in one piece, as those of the gradients do.
   *
   * @param dx_ND out: gradient of the input
   * @param gradients out: gradients of the weights; null where they are not trained
   * @param accumulate whether to add to {@code gradients} or to replace them
   */
  void backward(
      ExpertWeights weights,
      Tensor x_ND,
      Tensor gateUp_N2F,
      Tensor dy_ND,
      Tensor dx_ND,
      @Nullable ExpertWeights gradients,
      boolean accumulate);
}
