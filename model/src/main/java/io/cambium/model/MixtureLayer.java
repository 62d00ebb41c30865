package io.cambium.model;

import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The parts of one routing layer that all workers share. */
final class MixtureLayer {

  private final int layer;
  private final Mixture mixture;
  private final Router router;
  private final ExpertExchange exchange;
  private final int[] own_L;
  private final List<ExpertWeights> gradients;

  /**
   * @param dispatch to the ranks that share the experts; null where this process has all of them
   */
  MixtureLayer(
      int layer,
      Mixture mixture,
      Weights weights,
      int workers,
      ExpertExchange.Scratch scratch,
      Predicate<ModelTensor> trained,
      @Nullable ExpertDispatch dispatch) {
    this.layer = layer;
    this.mixture = mixture;
    this.router =
        new Router(
            mixture,
            mixture.router().selectionBias() ? weights.get(Part.SELECTION_BIAS, layer) : null);
    this.own_L =
        dispatch == null ? IntStream.range(0, mixture.experts()).toArray() : dispatch.own_L();
    List<ExpertWeights> experts = weights.experts(layer, own_L);
    boolean expertsTrained =
        weights.all().keySet().stream()
            .anyMatch(t -> t.layer() == layer && t.part().isExpert() && trained.test(t));
    this.gradients = expertsTrained ? gradientsOf(experts) : List.of();
    this.exchange =
        new ExpertExchange(
            experts,
            gradients,
            new MatrixProductKernel(mixture.activation()),
            weights.compute(),
            scratch,
            workers,
            dispatch);
  }

  private static List<ExpertWeights> gradientsOf(List<ExpertWeights> experts) {
    List<ExpertWeights> gradients = new ArrayList<>();
    for (ExpertWeights expert : experts) {
      gradients.add(
          ExpertWeights.zeros(
              expert.type(), expert.hidden(), expert.width(), expert.biases() != null));
    }
    return gradients;
  }

  int layer() {
    return layer;
  }

  Mixture mixture() {
    return mixture;
  }

  Router router() {
    return router;
  }

  ExpertExchange exchange() {
    return exchange;
  }

  /** Whether the experts' weights are trained. */
  boolean trainsExperts() {
    return !gradients.isEmpty();
  }

  /** The gradient of a matrix of one of the experts that this process holds. */
  Tensor gradient(Part part, int expert) {
    return gradients.get(Arrays.binarySearch(own_L, expert)).get(part);
  }
}
