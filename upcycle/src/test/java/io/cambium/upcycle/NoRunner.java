package io.cambium.upcycle;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.RoutedLogits;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;

/** A runner that must not be asked, but for what a subclass answers. */
class NoRunner implements ModelRunner {

  @Override
  public float[] logits(Path directory, TokenIds ids, OptionalInt topK, DType compute) {
    throw notAskedFor();
  }

  @Override
  public RoutedLogits routedLogits(Path directory, TokenIds ids, DType compute) {
    return new RoutedLogits(logits(directory, ids, OptionalInt.empty(), compute), null);
  }

  @Override
  public List<InputMoments> inputMoments(Path directory, List<TokenIds> batches) {
    throw notAskedFor();
  }

  @Override
  public Map<ModelTensor, float[]> expertGradients(
      Path directory, List<TokenIds> batches, List<ModelTensor> matrices) {
    throw notAskedFor();
  }

  @Override
  public List<SortedMap<Integer, double[]>> blockInputMeans(
      Path directory, List<List<TokenIds>> groups) {
    throw notAskedFor();
  }

  private static IllegalStateException notAskedFor() {
    return new IllegalStateException("not asked for");
  }
}
