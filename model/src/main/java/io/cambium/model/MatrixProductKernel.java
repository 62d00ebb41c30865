package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.model.ExpertWeights.Biases;
import java.util.Objects;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Plain matrix products, written straight into their places. */
final class MatrixProductKernel implements ExpertKernel {

  private final Activation activation;

  MatrixProductKernel(Activation activation) {
    this.activation = activation;
  }

  @Override
  public void forward(ExpertWeights weights, Tensor x_ND, Tensor gateUp_N2F, Tensor y_ND) {
    long width = weights.width();
    Tensor gate_NF = gateUp_N2F.narrow(1, 0, width);
    Tensor up_NF = gateUp_N2F.narrow(1, width, width);
    if (weights.gateUp_2FD() == null) {
      MatrixProduct.linear(gate_NF, x_ND, weights.gate_FD());
      MatrixProduct.linear(up_NF, x_ND, weights.up_FD());
    } else {
      MatrixProduct.linear(gateUp_N2F, x_ND, weights.gateUp_2FD());
    }
    Biases biases = weights.biases();
    if (biases != null) {
      gate_NF.add_(biases.gate_F());
      up_NF.add_(biases.up_F());
    }
    MatrixProduct.linear(y_ND, inner(gate_NF, up_NF), weights.down_DF());
    if (biases != null) {
      y_ND.add_(biases.down_D());
    }
  }

  private Tensor inner(Tensor gate_NF, Tensor up_NF) {
    return activation == Activation.SILU
        ? torch.silu(gate_NF).mul_(up_NF)
        : GatedUnit.apply(activation, gate_NF, up_NF);
  }

  @Override
  public void backward(
      ExpertWeights weights,
      Tensor x_ND,
      Tensor gateUp_N2F,
      Tensor dy_ND,
      Tensor dx_ND,
      @Nullable ExpertWeights gradients,
      boolean accumulate) {
    long width = weights.width();
    Tensor gate_NF = gateUp_N2F.narrow(1, 0, width);
    Tensor up_NF = gateUp_N2F.narrow(1, width, width);
    Tensor dInner_NF = Torch.empty(gate_NF.scalar_type().intern(), gate_NF.shape());
    MatrixProduct.multiply(dInner_NF, dy_ND, weights.down_DF(), false);
    Tensor dGateUp_N2F = torch.empty_like(gateUp_N2F);
    Tensor dGate_NF = dGateUp_N2F.narrow(1, 0, width);
    Tensor dUp_NF = dGateUp_N2F.narrow(1, width, width);
    Tensor inner_NF =
        activation == Activation.SILU
            ? backwardSilu(gate_NF, up_NF, dInner_NF, dGate_NF, dUp_NF)
            : backwardUnit(gate_NF, up_NF, dInner_NF, dGate_NF, dUp_NF);
    MatrixProduct.multiply(dx_ND, dGateUp_N2F, Objects.requireNonNull(weights.gateUp_2FD()), false);
    if (gradients == null) {
      return;
    }
    MatrixProduct.multiply(gradients.down_DF(), dy_ND.t(), inner_NF, accumulate);
    MatrixProduct.multiply(
        Objects.requireNonNull(gradients.gateUp_2FD()), dGateUp_N2F.t(), x_ND, accumulate);
    Biases biases = gradients.biases();
    if (biases != null) {
      put(biases.gate_F(), dGate_NF.sum(0), accumulate);
      put(biases.up_F(), dUp_NF.sum(0), accumulate);
      put(biases.down_D(), dy_ND.sum(0), accumulate);
    }
  }

  /** By hand, since most models have it: returns what went into the last product. */
  private static Tensor backwardSilu(
      Tensor gate_NF, Tensor up_NF, Tensor dInner_NF, Tensor dGate_NF, Tensor dUp_NF) {
    Tensor activated_NF = torch.silu(gate_NF);
    torch.mul_out(dUp_NF, dInner_NF, activated_NF);
    torch.silu_backward_out(dGate_NF, dInner_NF.mul_(up_NF), gate_NF);
    return activated_NF.mul_(up_NF);
  }

  /** By autograd: returns what went into the last product. */
  private Tensor backwardUnit(
      Tensor gate_NF, Tensor up_NF, Tensor dInner_NF, Tensor dGate_NF, Tensor dUp_NF) {
    Tensor gate = gate_NF.detach().set_requires_grad(true);
    Tensor up = up_NF.detach().set_requires_grad(true);
    Tensor inner_NF;
    try (AutoGradMode on = new AutoGradMode(true)) {
      inner_NF = GatedUnit.apply(activation, gate, up);
    }
    torch.backward(
        new TensorVector(inner_NF),
        new TensorVector(dInner_NF),
        new BoolOptional(),
        false,
        new TensorVector());
    dGate_NF.copy_(gate.grad());
    dUp_NF.copy_(up.grad());
    return inner_NF.detach();
  }

  private static void put(Tensor out, Tensor value, boolean accumulate) {
    if (accumulate) {
      out.add_(value);
    } else {
      out.copy_(value);
    }
  }
}
