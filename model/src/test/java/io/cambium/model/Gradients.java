package io.cambium.model;

import io.cambium.checkpoint.family.ModelTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What a backward pass in fp64 left. */
final class Gradients {

  private Gradients() {}

  /** The gradient of every trained tensor, those of the workers added up; idle ones have none. */
  static Map<ModelTensor, double[]> of(Decoder decoder) {
    Map<ModelTensor, double[]> gradients = new LinkedHashMap<>();
    for (Parameter parameter : decoder.parameters()) {
      double[] sum = new double[(int) parameter.value().numel()];
      for (Tensor part : parameter.gradients().get()) {
        if (part.defined()) {
          double[] values = Torch.doubles(part);
          Arrays.setAll(sum, i -> sum[i] + values[i]);
        }
      }
      gradients.put(parameter.tensor(), sum);
    }
    return gradients;
  }
}
