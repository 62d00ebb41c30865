package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.model.Parameter;
import io.cambium.model.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Adam's second moment of a model's parameters, from wherever it lies. */
interface SecondMoments {

  /** The moment of a parameter, fp32, of its shape. */
  Tensor of(Parameter parameter);

  /** Those of a run's optimizer. */
  static SecondMoments of(AdamW optimizer) {
    Map<ModelTensor, AdamW.Moments> moments = optimizer.moments();
    return parameter -> Objects.requireNonNull(moments.get(parameter.tensor())).second();
  }

  /** Where a checkpoint of a run has them. */
  static boolean areIn(Path checkpoint) {
    return OptimizerFiles.areIn(checkpoint);
  }

  /**
   * Those of open files.
   *
   * @throws CheckpointException when asked for one that they have not
   */
  static SecondMoments of(OptimizerFiles files) {
    return parameter -> {
      Tensor moment = torch.zeros_like(parameter.value());
      Weights.takeApart(
          Map.of(parameter.tensor(), moment), name -> files.data(name + ModelInTraining.SECOND));
      return moment;
    };
  }
}
