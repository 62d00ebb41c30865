package io.cambium.model;

import io.cambium.checkpoint.family.Part;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One SwiGLU expert's matrices, or their gradients: {@code down(silu(gate(x)) * up(x))}. D hidden,
 * F expert width.
 *
 * @param gateUp_2FD gate and up in one piece of memory, so that one product serves both; null where
 *     they lie in a mapped file
 */
record ExpertWeights(Tensor gate_FD, Tensor up_FD, Tensor down_DF, @Nullable Tensor gateUp_2FD) {

  /** Matrices that lie where they lie. */
  static ExpertWeights apart(Tensor gate_FD, Tensor up_FD, Tensor down_DF) {
    return new ExpertWeights(gate_FD, up_FD, down_DF, null);
  }

  /** New matrices, all zeros. */
  static ExpertWeights zeros(ScalarType type, long hidden, long width) {
    Tensor both = torch.zeros(new long[] {2 * width, hidden}, Torch.options(type));
    return new ExpertWeights(
        both.narrow(0, 0, width),
        both.narrow(0, width, width),
        torch.zeros(new long[] {hidden, width}, Torch.options(type)),
        both);
  }

  /** The matrix that is this part of an expert. */
  Tensor matrix(Part part) {
    return switch (part) {
      case EXPERT_GATE -> gate_FD;
      case EXPERT_UP -> up_FD;
      case EXPERT_DOWN -> down_DF;
      default -> throw new IllegalArgumentException(part + " is no expert's");
    };
  }

  long hidden() {
    return gate_FD.size(1);
  }

  long width() {
    return gate_FD.size(0);
  }

  ScalarType type() {
    return gate_FD.scalar_type().intern();
  }
}
