package io.cambium.lab.experiment;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Floats;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far the weights of two checkpoints of one shape lie apart, tensor by tensor under its name.
 */
final class WeightDistance {

  /** Elements that are widened at a time. */
  private static final int PIECE = 1 << 20;

  private WeightDistance() {}

  /**
   * The sum of the squared differences of all weights but the routers' selection bias, which no
   * gradient moves.
   *
   * @throws io.cambium.checkpoint.CambiumException if one cannot be read, or they have other
   *     tensors
   */
  static double squared(Path one, Path other) {
    try (CheckpointDirectory first = CheckpointDirectory.open(one);
        CheckpointDirectory second = CheckpointDirectory.open(other)) {
      Map<String, TensorSpec> tensors = trained(first);
      Map<String, TensorSpec> same = trained(second);
      if (!tensors.keySet().equals(same.keySet())) {
        throw otherTensors(one, other);
      }
      double sum = 0;
      for (TensorSpec tensor : tensors.values()) {
        if (!tensor.shape().equals(second.spec(tensor.name()).shape())) {
          throw otherTensors(one, other);
        }
        sum += squared(first, second, tensor.name());
      }
      return sum;
    }
  }

  private static CheckpointException otherTensors(Path one, Path other) {
    return new CheckpointException(one, "has other tensors than " + other, null);
  }

  /** As they are called on disk, where one may hold those of several experts. */
  private static Map<String, TensorSpec> trained(CheckpointDirectory checkpoint) {
    checkpoint.requirePlainWeights();
    Map<String, TensorSpec> trained = new TreeMap<>();
    for (ModelTensor tensor : checkpoint.tensors()) {
      TensorSpec spec = checkpoint.spec(tensor.name());
      if (tensor.part() != Part.SELECTION_BIAS) {
        requireFloats(checkpoint, spec);
        trained.put(tensor.name(), spec);
      }
    }
    return trained;
  }

  private static void requireFloats(CheckpointDirectory checkpoint, TensorSpec spec) {
    if (!Floats.supports(spec.dtype())) {
      throw new CheckpointException(
          checkpoint.path() + " " + spec.name(),
          "is stored as %s, which is not computed with".formatted(spec.dtype()),
          null);
    }
  }

  private static double squared(
      CheckpointDirectory first, CheckpointDirectory second, String name) {
    long elements = first.spec(name).elements();
    double sum = 0;
    for (long from = 0; from < elements; from += PIECE) {
      int count = (int) Math.min(PIECE, elements - from);
      float[] a = read(first, name, from, count);
      float[] b = read(second, name, from, count);
      for (int i = 0; i < count; i++) {
        double difference = (double) a[i] - b[i];
        sum += difference * difference;
      }
    }
    return sum;
  }

  private static float[] read(CheckpointDirectory of, String name, long from, int count) {
    DType dtype = of.spec(name).dtype();
    long bytes = dtype.bits() / Byte.SIZE;
    MemorySegment piece = of.data(name).asSlice(from * bytes, count * bytes);
    return Floats.read(piece, dtype);
  }
}
