package io.cambium.model;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Products of matrices outside autograd: of fp32 by {@link OneDnn} where it is to be had, else by
 * libtorch and its BLAS.
 */
final class MatrixProduct {

  private MatrixProduct() {}

  /** {@code out_NC = x_ND weight_CD^T}; a weight in another type is converted for it. */
  static void linear(Tensor out_NC, Tensor x_ND, Tensor weight_CD) {
    if (Crew.HERE.isBound()) {
      Crew.HERE.get().multiply(x_ND, weight_CD, out_NC);
    } else {
      multiply(out_NC, x_ND, weight_CD.to(x_ND.scalar_type()).t(), false);
    }
  }

  /**
   * {@code out = left right}, or {@code out += left right}.
   *
   * @param out of the type of the others
   */
  static void multiply(Tensor out, Tensor left, Tensor right, boolean accumulate) {
    if (OneDnn.isChosen() && OneDnn.takes(out, left, right)) {
      OneDnn.multiply(out, left, right, accumulate ? 1 : 0);
    } else if (accumulate) {
      out.addmm_(left, right);
    } else {
      torch.mm_out(out, left, right);
    }
  }
}
