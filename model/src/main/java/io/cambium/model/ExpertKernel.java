package io.cambium.model;

import org.bytedeco.pytorch.Tensor;

/**
 * Computes one expert on the rows that were routed to it. N rows, D hidden, F expert width.
 *
 * <p>Stateless, so that any worker may run any expert: which one does changes no bit of the result.
 */
interface ExpertKernel {

  /** {@code y_ND = down(silu(gate(x)) * up(x))}, keeping gate(x) and up(x) for the backward pass. */
  void forward(ExpertWeights weights, Tensor x_ND, Tensor gate_NF, Tensor up_NF, Tensor y_ND);

  /**
   * Gradients of the expert.
   *
   * @param dx_ND out: gradient of the input
   * @param gradients out: gradients of the weights
   * @param accumulate whether to add to {@code gradients} or to replace them
   */
  void backward(
      ExpertWeights weights,
      Tensor x_ND,
      Tensor gate_NF,
      Tensor up_NF,
      Tensor dy_ND,
      Tensor dx_ND,
      ExpertWeights gradients,
      boolean accumulate);
}
