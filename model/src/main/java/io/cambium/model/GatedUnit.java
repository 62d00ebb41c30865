package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a gated feed-forward block does between its two products, for any shape. */
final class GatedUnit {

  /** gpt-oss's constants. */
  private static final double SWISH_SLOPE = 1.702;

  private static final double CLAMP = 7;

  private GatedUnit() {}

  /** A new tensor, differentiable where autograd is on. */
  static Tensor apply(Activation activation, Tensor gate, Tensor up) {
    return switch (activation) {
      case SILU -> torch.silu(gate).mul(up);
      case GELU_TANH -> torch.gelu(gate, "tanh").mul(up);
      case CLAMPED_SWISH -> {
        Tensor low = gate.clamp_max(Torch.scalar(CLAMP));
        Tensor between =
            up.clamp(
                new ScalarOptional(Torch.scalar(-CLAMP)), new ScalarOptional(Torch.scalar(CLAMP)));
        yield between
            .add(Torch.scalar(1))
            .mul(low)
            .mul(torch.sigmoid(low.mul(Torch.scalar(SWISH_SLOPE))));
      }
    };
  }
}
