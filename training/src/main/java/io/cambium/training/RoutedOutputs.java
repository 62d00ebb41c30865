package io.cambium.training;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RoutingListener;
import io.cambium.model.Torch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Adds up what routed experts contribute: how often each is chosen, and how long the vectors are
 * that it adds, weight included. Each worker has sums of its own. T tokens, K top-k, D hidden.
 */
final class RoutedOutputs implements RoutingListener {

  /** Sums over one layer, per expert. */
  private static final class Sums {
    private final long[] tokens_E;
    private final double[] norms_E;

    Sums(int experts) {
      tokens_E = new long[experts];
      norms_E = new double[experts];
    }

    void add(Sums other) {
      for (int e = 0; e < tokens_E.length; e++) {
        tokens_E[e] += other.tokens_E[e];
        norms_E[e] += other.norms_E[e];
      }
    }
  }

  private final DecoderSpec spec;
  private final List<Map<Integer, Sums>> byWorker = new ArrayList<>();

  RoutedOutputs(DecoderSpec spec, int workers) {
    this.spec = spec;
    for (int worker = 0; worker < workers; worker++) {
      Map<Integer, Sums> sums = new TreeMap<>();
      spec.mixtureLayers()
          .forEach(layer -> sums.put(layer, new Sums(spec.mixture(layer).experts())));
      byWorker.add(sums);
    }
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {}

  @Override
  public void answered(int worker, int layer, int[] choice, Tensor weights_TK, Tensor outputs_TKD) {
    Sums sums = sums(worker, layer);
    float[] added_TK = Torch.floats(addedNorms(layer, weights_TK, outputs_TKD));
    for (int slot = 0; slot < choice.length; slot++) {
      sums.tokens_E[choice[slot]]++;
      sums.norms_E[choice[slot]] += added_TK[slot];
    }
  }

  private Tensor addedNorms(int layer, Tensor weights_TK, Tensor outputs_TKD) {
    Tensor norms_TK =
        torch.linalg_vector_norm(
            outputs_TKD,
            new Scalar(2),
            new long[] {-1},
            false,
            new ScalarTypeOptional(ScalarType.Float));
    return spec.mixture(layer).router().weightsInput()
        ? norms_TK
        : norms_TK.mul(weights_TK.to(ScalarType.Float));
  }

  private Sums sums(int worker, int layer) {
    return Objects.requireNonNull(byWorker.get(worker).get(layer));
  }

  private Sums total(int layer) {
    Sums total = new Sums(spec.mixture(layer).experts());
    byWorker.forEach(worker -> total.add(Objects.requireNonNull(worker.get(layer))));
    return total;
  }

  /** Adds up what all workers of all ranks have. */
  void gather(ProcessGroup ranks) {
    Map<Integer, Sums> totals = new TreeMap<>();
    for (int layer : spec.mixtureLayers()) {
      Sums total = total(layer);
      Sums all = new Sums(total.tokens_E.length);
      double[] tokens_E = ranks.sum(Arrays.stream(total.tokens_E).asDoubleStream().toArray());
      double[] norms_E = ranks.sum(total.norms_E);
      Arrays.setAll(all.tokens_E, e -> (long) tokens_E[e]);
      System.arraycopy(norms_E, 0, all.norms_E, 0, norms_E.length);
      totals.put(layer, all);
    }
    byWorker.clear();
    byWorker.add(totals);
  }

  /** Share of the tokens that choose each expert: they add up to K. */
  List<Double> shares(int layer) {
    long[] tokens_E = total(layer).tokens_E;
    double all = (double) Arrays.stream(tokens_E).sum() / spec.mixture(layer).topK();
    return Arrays.stream(tokens_E).mapToObj(tokens -> tokens / all).toList();
  }

  /** Mean length of what each expert adds to a token that chooses it; 0 where none does. */
  List<Double> meanNorms(int layer) {
    Sums total = total(layer);
    List<Double> means = new ArrayList<>();
    for (int e = 0; e < total.tokens_E.length; e++) {
      means.add(total.norms_E[e] / Math.max(1, total.tokens_E[e]));
    }
    return means;
  }
}
