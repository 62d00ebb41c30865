package io.cambium.training;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.model.RoutingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Counts where tokens go: assignments per expert, and tokens that choose two experts of one
 * lineage. Each worker has counts of its own.
 */
final class RoutingStatistics implements RoutingListener {

  private static final class Counts {
    private final long[] assignments_E;
    private long tokens;
    private long tokensWithSiblings;

    Counts(int experts) {
      assignments_E = new long[experts];
    }
  }

  private final @Nullable Map<Integer, List<Integer>> parents;
  private final List<Map<Integer, Counts>> byWorker = new ArrayList<>();

  /**
   * @param parents the lineage of each expert by routing layer; null for a model that never grew
   */
  RoutingStatistics(DecoderSpec spec, int workers, @Nullable Map<Integer, List<Integer>> parents) {
    this.parents = parents;
    for (int worker = 0; worker < workers; worker++) {
      Map<Integer, Counts> counts = new TreeMap<>();
      for (int layer : spec.mixtureLayers()) {
        counts.put(layer, new Counts(spec.mixture(layer).experts()));
      }
      byWorker.add(counts);
    }
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
    if (choice.length == 0) {
      return;
    }
    Counts counts = counts(worker, layer);
    int topK = choice.length / Math.toIntExact(x_TD.size(0));
    for (int first = 0; first < choice.length; first += topK) {
      counts.tokens++;
      for (int slot = first; slot < first + topK; slot++) {
        counts.assignments_E[choice[slot]]++;
      }
      if (parents != null && hasSiblings(choice, first, topK, parents.get(layer))) {
        counts.tokensWithSiblings++;
      }
    }
  }

  private static boolean hasSiblings(
      int[] choice, int first, int topK, @Nullable List<Integer> lineages) {
    if (lineages == null) {
      return false;
    }
    for (int a = first; a < first + topK; a++) {
      for (int b = first; b < a; b++) {
        if (lineages.get(choice[a]).equals(lineages.get(choice[b]))) {
          return true;
        }
      }
    }
    return false;
  }

  private Counts counts(int worker, int layer) {
    return Objects.requireNonNull(byWorker.get(worker).get(layer));
  }

  /** Assignments per expert of a layer, over all workers. */
  long[] assignments(int layer) {
    long[] sum = counts(0, layer).assignments_E.clone();
    for (int worker = 1; worker < byWorker.size(); worker++) {
      Loads.add(sum, counts(worker, layer).assignments_E);
    }
    return sum;
  }

  /** Share of tokens that choose two experts of one lineage, mean over the routing layers. */
  double siblingCoselection() {
    double tokens = 0;
    double withSiblings = 0;
    for (Map<Integer, Counts> layers : byWorker) {
      for (Counts counts : layers.values()) {
        tokens += counts.tokens;
        withSiblings += counts.tokensWithSiblings;
      }
    }
    return withSiblings / tokens;
  }
}
