package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Values;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** The gradients of the experts that have replicas. */
final class GradientDirections {

  private GradientDirections() {}

  static Directions compute(
      SourceCheckpoint source,
      SortedMap<Integer, Lineages> layers,
      List<TokenIds> calibration,
      ModelRunner runner) {
    List<ModelTensor> matrices =
        source.weights().tensors().stream()
            .filter(tensor -> tensor.part().isExpert() && tensor.shape().size() == 2)
            .filter(tensor ->
                Objects.requireNonNull(layers.get(tensor.layer())).counts().get(tensor.expert())
                    > 1)
            .toList();
    Map<ModelTensor, float[]> gradients =
        runner.expertGradients(source.runnable(), calibration, matrices);
    SortedMap<String, Values> directions = new TreeMap<>();
    TreeSet<String> unseen = new TreeSet<>();
    for (ModelTensor matrix : matrices) {
      float[] gradient = Objects.requireNonNull(gradients.get(matrix));
      requireFinite(gradient, matrix);
      directions.put(Directions.gradient(matrix).name(), new Values(matrix.shape(), gradient));
      if (isZero(gradient)) {
        unseen.add("layer " + matrix.layer() + " expert " + matrix.expert());
      }
    }
    List<String> warnings = new ArrayList<>();
    if (!unseen.isEmpty()) {
      warnings.add(
          "no calibration token reached "
              + String.join(", ", unseen)
              + ": their gradient is zero,"
              + " and their replicas are copies");
    }
    return new Directions(directions, warnings);
  }

  private static boolean isZero(float[] gradient) {
    for (float value : gradient) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  private static void requireFinite(float[] gradient, ModelTensor matrix) {
    for (float value : gradient) {
      if (!Float.isFinite(value)) {
        throw new CheckpointException(
            matrix.name(),
            "has a gradient that is not finite",
            "the model has diverged: grow an earlier checkpoint");
      }
    }
  }
}
