package io.cambium.model;

import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Small compositions that more than one part of the decoder uses. */
final class Ops {

  private Ops() {}

  /**
   * Root-mean-square normalisation over the last axis (arXiv 1910.07467). Through the vector norm,
   * whose forward and backward pass read x less often than those of a mean of squares.
   */
  static Tensor rmsNorm(Tensor x, Tensor weight, double eps) {
    Tensor scale =
        torch
            .linalg_vector_norm(x, Torch.scalar(2), new long[] {-1}, true, new ScalarTypeOptional())
            .square()
            .div(Torch.scalar(x.size(-1)))
            .add(Torch.scalar(eps))
            .rsqrt();
    return x.mul(scale).mul(weight);
  }

  /** {@code down(silu(gate(x)) * up(x))} (arXiv 2002.05202). */
  static Tensor swiGlu(Tensor x, Tensor gate, Tensor up, Tensor down) {
    return torch.linear(torch.silu(torch.linear(x, gate)).mul(torch.linear(x, up)), down);
  }
}
