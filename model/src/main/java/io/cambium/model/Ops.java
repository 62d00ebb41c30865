package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Small compositions that more than one part of the decoder uses. */
final class Ops {

  private Ops() {}

  /** Root-mean-square normalisation over the last axis (arXiv 1910.07467). */
  static Tensor rmsNorm(Tensor x, Tensor weight, Norms norms) {
    if (SmallOps.serve(x)) {
      return SmallOps.rmsNorm(x, weight, norms.eps(), norms.fromOne() ? 1 : 0);
    }
    return unitMeanSquare(x, norms.eps())
        .mul(norms.fromOne() ? weight.add(Torch.scalar(1)) : weight);
  }

  /**
   * The same without a weight. Through the vector norm, whose forward and backward pass read x less
   * often than those of a mean of squares.
   */
  static Tensor unitMeanSquare(Tensor x, double eps) {
    Tensor wide = x.to(wide(x));
    Tensor scale =
        torch
            .linalg_vector_norm(
                wide, Torch.scalar(2), new long[] {-1}, true, new ScalarTypeOptional())
            .square()
            .div(Torch.scalar(x.size(-1)))
            .add(Torch.scalar(eps))
            .rsqrt();
    return wide.mul(scale).to(x.scalar_type());
  }

  /** {@code x weight^T}; a weight that is stored in another type is converted for it. */
  static Tensor linear(Tensor x, Tensor weight) {
    if (!Crew.HERE.isBound()) {
      return torch.linear(x, weight.to(x.scalar_type()));
    }
    long[] shape = x.shape();
    shape[shape.length - 1] = weight.size(0);
    Tensor out = Torch.empty(x.scalar_type().intern(), shape);
    Crew.HERE.get().multiply(x, weight, out);
    return out;
  }

  /** The type for sums over what is in half precision: fp32 at least. */
  static ScalarType wide(Tensor x) {
    return x.scalar_type().intern() == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
  }

  /** {@code down(unit(gate(x), up(x)))}. */
  static Tensor gated(Tensor x, Tensor gate, Tensor up, Tensor down, Activation activation) {
    return linear(GatedUnit.apply(activation, linear(x, gate), linear(x, up)), down);
  }

  /** x times a constant; x itself for one. */
  static Tensor times(Tensor x, double factor) {
    return factor == 1 ? x : x.mul(Torch.scalar(factor));
  }
}
