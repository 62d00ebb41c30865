package io.cambium.model;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Small compositions that more than one part of the decoder uses. */
final class Ops {

  private Ops() {}

  /** Root-mean-square normalisation over the last axis (arXiv 1910.07467). */
  static Tensor rmsNorm(Tensor x, Tensor weight, double eps) {
    return torch.rms_norm(
        x, new long[] {x.size(-1)}, new TensorOptional(weight), new DoubleOptional(eps));
  }

  /** {@code down(silu(gate(x)) * up(x))} (arXiv 2002.05202). */
  static Tensor swiGlu(Tensor x, Tensor gate, Tensor up, Tensor down) {
    return torch.linear(torch.silu(torch.linear(x, gate)).mul(torch.linear(x, up)), down);
  }
}
