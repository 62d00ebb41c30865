package io.cambium.training;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.model.RoutingListener;
import io.cambium.model.SiblingCoselection;
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

    Counts(int experts) {
      assignments_E = new long[experts];
    }
  }

  private final SiblingCoselection coselection;
  private final List<Map<Integer, Counts>> byWorker = new ArrayList<>();

  /**
   * @param parents the lineage of each expert by routing layer; null for a model that never grew
   */
  RoutingStatistics(DecoderSpec spec, int workers, @Nullable Map<Integer, List<Integer>> parents) {
    this.coselection = new SiblingCoselection(workers, parents == null ? Map.of() : parents);
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
    Counts counts = counts(worker, layer);
    for (int expert : choice) {
      counts.assignments_E[expert]++;
    }
    coselection.routed(worker, layer, x_TD, choice);
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
    return coselection.rate();
  }
}
