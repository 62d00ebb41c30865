package io.cambium.model;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** One matrix product per matrix, written straight into its place. */
final class MatrixProductKernel implements ExpertKernel {

  @Override
  public void forward(
      ExpertWeights weights, Tensor x_ND, Tensor gate_NF, Tensor up_NF, Tensor y_ND) {
    torch.mm_out(gate_NF, x_ND, weights.gate_FD().t());
    torch.mm_out(up_NF, x_ND, weights.up_FD().t());
    torch.mm_out(y_ND, torch.silu(gate_NF).mul_(up_NF), weights.down_DF().t());
  }

  @Override
  public void backward(
      ExpertWeights weights,
      Tensor x_ND,
      Tensor gate_NF,
      Tensor up_NF,
      Tensor dy_ND,
      Tensor dx_ND,
      ExpertWeights gradients,
      boolean accumulate) {
    Tensor activated_NF = torch.silu(gate_NF);
    Tensor dInner_NF = torch.mm(dy_ND, weights.down_DF());
    Tensor dUp_NF = dInner_NF.mul(activated_NF);
    Tensor dGate_NF = torch.silu_backward(dInner_NF.mul_(up_NF), gate_NF);
    Tensor inner_NF = activated_NF.mul_(up_NF);
    product(gradients.down_DF(), dy_ND.t(), inner_NF, accumulate);
    product(gradients.gate_FD(), dGate_NF.t(), x_ND, accumulate);
    product(gradients.up_FD(), dUp_NF.t(), x_ND, accumulate);
    torch.mm_out(dx_ND, dGate_NF, weights.gate_FD());
    dx_ND.addmm_(dUp_NF, weights.up_FD());
  }

  private static void product(Tensor out, Tensor left, Tensor right, boolean accumulate) {
    if (accumulate) {
      out.addmm_(left, right);
    } else {
      torch.mm_out(out, left, right);
    }
  }
}
