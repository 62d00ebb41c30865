package io.cambium.model;

import io.cambium.checkpoint.family.Part;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One expert's matrices, or their gradients: {@code down(unit(gate(x), up(x)))}. D hidden, F expert
 * width.
 *
 * @param gateUp_2FD gate and up in one piece of memory, so that one product serves both; null where
 *     they lie in a mapped file
 * @param biases null for an expert without them
 */
record ExpertWeights(
    Tensor gate_FD,
    Tensor up_FD,
    Tensor down_DF,
    @Nullable Tensor gateUp_2FD,
    @Nullable Biases biases) {

  /** What is added to the three products. */
  record Biases(Tensor gate_F, Tensor up_F, Tensor down_D) {}

  /** Matrices that lie where they lie. */
  static ExpertWeights apart(
      Tensor gate_FD, Tensor up_FD, Tensor down_DF, @Nullable Biases biases) {
    return new ExpertWeights(gate_FD, up_FD, down_DF, null, biases);
  }

  /** New matrices, all zeros. */
  static ExpertWeights zeros(ScalarType type, long hidden, long width, boolean biases) {
    Tensor both = zeros(type, 2 * width, hidden);
    return new ExpertWeights(
        both.narrow(0, 0, width),
        both.narrow(0, width, width),
        zeros(type, hidden, width),
        both,
        biases ? new Biases(zeros(type, width), zeros(type, width), zeros(type, hidden)) : null);
  }

  private static Tensor zeros(ScalarType type, long... shape) {
    return torch.zeros(shape, Torch.options(type));
  }

  /** The tensor that is this part of an expert. */
  Tensor get(Part part) {
    return switch (part) {
      case EXPERT_GATE -> gate_FD;
      case EXPERT_UP -> up_FD;
      case EXPERT_DOWN -> down_DF;
      case EXPERT_GATE_BIAS -> Objects.requireNonNull(biases).gate_F;
      case EXPERT_UP_BIAS -> Objects.requireNonNull(biases).up_F;
      case EXPERT_DOWN_BIAS -> Objects.requireNonNull(biases).down_D;
      default -> throw new IllegalArgumentException(part + " is no expert's");
    };
  }

  /** Sets all to zero. */
  void clear() {
    gate_FD.zero_();
    up_FD.zero_();
    down_DF.zero_();
    if (biases != null) {
      biases.gate_F.zero_();
      biases.up_F.zero_();
      biases.down_D.zero_();
    }
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
