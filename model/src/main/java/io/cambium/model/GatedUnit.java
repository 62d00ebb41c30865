package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a gated feed-forward block does between its two products, for any shape. */
final class GatedUnit {

  private GatedUnit() {}

  /** A new tensor, differentiable where autograd is on. */
  static Tensor apply(Activation activation, Tensor gate, Tensor up) {
    return switch (activation) {
      case SILU -> torch.silu(gate).mul(up);
      case GELU_TANH -> torch.gelu(gate, "tanh").mul(up);
      case CLAMPED_SWISH -> {
        double limit = Activation.CLAMPED_SWISH_LIMIT;
        Tensor low = gate.clamp_max(Torch.scalar(limit));
        Tensor between =
            up.clamp(
                new ScalarOptional(Torch.scalar(-limit)), new ScalarOptional(Torch.scalar(limit)));
        yield between
            .add(Torch.scalar(1))
            .mul(low)
            .mul(torch.sigmoid(low.mul(Torch.scalar(Activation.CLAMPED_SWISH_SLOPE))));
      }
    };
  }
}
