package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What all routed experts of a layer answer to the same tokens, also those that the router would
 * not send there. N tokens, E experts, D hidden, F expert width.
 */
public final class ExpertOutputs {

  private ExpertOutputs() {}

  /**
   * Runs every expert on every token, without the router's weights.
   *
   * @param x_ND inputs of the layer after its norm
   * @return [N, E, D], owned by the caller's scope
   */
  public static Tensor of(Decoder decoder, int layer, Tensor x_ND) {
    Mixture mixture = decoder.spec().mixture(layer);
    ExpertKernel kernel = new MatrixProductKernel(mixture.activation());
    try (AutoGradMode off = new AutoGradMode(false)) {
      int[] all_E = IntStream.range(0, mixture.experts()).toArray();
      return Scopes.keepResult(() -> {
        List<Tensor> outputs_ND = new ArrayList<>();
        for (ExpertWeights expert : decoder.weights().experts(layer, all_E)) {
          outputs_ND.add(output(kernel, expert, x_ND));
        }
        return torch.stack(new TensorVector(outputs_ND.toArray(Tensor[]::new)), 1);
      });
    }
  }

  private static Tensor output(ExpertKernel kernel, ExpertWeights expert, Tensor x_ND) {
    long tokens = x_ND.size(0);
    Tensor y_ND = torch.empty_like(x_ND);
    try (PointerScope scope = new PointerScope()) {
      Tensor gateUp_N2F = Torch.empty(x_ND.scalar_type().intern(), tokens, 2 * expert.width());
      kernel.forward(expert, x_ND, gateUp_N2F, y_ND);
    }
    return y_ND;
  }
}
