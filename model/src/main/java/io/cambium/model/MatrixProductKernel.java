package io.cambium.model;

import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Plain matrix products, written straight into their places. */
final class MatrixProductKernel implements ExpertKernel {

  @Override
  public void forward(ExpertWeights weights, Tensor x_ND, Tensor gateUp_N2F, Tensor y_ND) {
    long width = weights.width();
    Tensor gate_NF = gateUp_N2F.narrow(1, 0, width);
    Tensor up_NF = gateUp_N2F.narrow(1, width, width);
    if (weights.gateUp_2FD() == null) {
      torch.mm_out(gate_NF, x_ND, weights.gate_FD().t());
      torch.mm_out(up_NF, x_ND, weights.up_FD().t());
    } else {
      torch.mm_out(gateUp_N2F, x_ND, weights.gateUp_2FD().t());
    }
    torch.mm_out(y_ND, torch.silu(gate_NF).mul_(up_NF), weights.down_DF().t());
  }

  @Override
  public void backward(
      ExpertWeights weights,
      Tensor x_ND,
      Tensor gateUp_N2F,
      Tensor dy_ND,
      Tensor dx_ND,
      ExpertWeights gradients,
      boolean accumulate) {
    long width = weights.width();
    Tensor gate_NF = gateUp_N2F.narrow(1, 0, width);
    Tensor up_NF = gateUp_N2F.narrow(1, width, width);
    Tensor activated_NF = torch.silu(gate_NF);
    Tensor dInner_NF = torch.mm(dy_ND, weights.down_DF());
    Tensor dGateUp_N2F = torch.empty_like(gateUp_N2F);
    torch.mul_out(dGateUp_N2F.narrow(1, width, width), dInner_NF, activated_NF);
    torch.silu_backward_out(dGateUp_N2F.narrow(1, 0, width), dInner_NF.mul_(up_NF), gate_NF);
    product(gradients.down_DF(), dy_ND.t(), activated_NF.mul_(up_NF), accumulate);
    product(Objects.requireNonNull(gradients.gateUp_2FD()), dGateUp_N2F.t(), x_ND, accumulate);
    torch.mm_out(dx_ND, dGateUp_N2F, Objects.requireNonNull(weights.gateUp_2FD()));
  }

  private static void product(Tensor out, Tensor left, Tensor right, boolean accumulate) {
    if (accumulate) {
      out.addmm_(left, right);
    } else {
      torch.mm_out(out, left, right);
    }
  }
}
