package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.model.RouterLosses.Form;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** What a backward pass in fp64 left. */
final class Gradients {

  private Gradients() {}

  /**
   * Those of cross entropy and router losses over a text, computed by two workers.
   *
   * @param configure what else is to be set before the pass
   */
  static Map<ModelTensor, double[]> of(
      Path checkpoint,
      RandomText text,
      Predicate<ModelTensor> trained,
      Consumer<Decoder> configure) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(checkpoint);
        Team team = new Team(2)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team, trained);
      decoder.lose(new RouterLosses(0.1, Form.PER_LAYER, 0.01, 0, 0));
      configure.accept(decoder);
      team.run(member -> {
        int from = Share.start(text.sequences(), member);
        int to = Share.end(text.sequences(), member);
        decoder.backward(
            member, text.inputs(from, to), text.targets(from, to), text.tokens(), false);
      });
      return of(decoder);
    }
  }

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
