package io.cambium.upcycle.runner;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;

/** What growing asks of a model that can be run. */
public interface ModelRunner {

  /**
   * Runs a checkpoint forward, under the selection rule of its manifest where it has one.
   *
   * @param directory a checkpoint directory, which may still be staged under another name
   * @param topK experts per token instead of the configured number
   * @param compute F32, or F64 to tell an error from rounding
   * @return logits in fp32, row-major [B, S, V]
   */
  float[] logits(Path directory, TokenIds ids, OptionalInt topK, DType compute);

  /**
   * The same with the configured number of experts, and how often siblings were chosen together.
   */
  RoutedLogits routedLogits(Path directory, TokenIds ids, DType compute);

  /**
   * Runs a checkpoint forward and watches what each of its routed experts is given.
   *
   * @return one entry per routing layer and expert, by layer, then expert; experts without tokens
   *     included
   */
  List<InputMoments> inputMoments(Path directory, List<TokenIds> batches);

  /**
   * Gradients of the mean cross entropy of each next token by matrices of routed experts. Needs
   * memory for the whole model in fp32 and its gradients.
   *
   * @param directory a checkpoint whose experts plain top-K chooses
   * @param matrices the checkpoint's, by which the loss is differentiated
   * @return each matrix's gradient, fp32, row-major in its shape; zeros where no token reached it
   */
  Map<ModelTensor, float[]> expertGradients(
      Path directory, List<TokenIds> batches, List<ModelTensor> matrices);

  /**
   * Runs a checkpoint forward and watches what each layer's feed-forward block is given, dense or
   * not, after the layer's norm.
   *
   * @param groups batches of tokens, the groups apart from each other
   * @return for each group, by layer, the mean over its tokens [D]
   */
  List<SortedMap<Integer, double[]>> blockInputMeans(Path directory, List<List<TokenIds>> groups);
}
