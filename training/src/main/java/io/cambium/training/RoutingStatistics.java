package io.cambium.training;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RouterEntropy;
import io.cambium.model.RoutingListener;
import io.cambium.model.SiblingCoselection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Counts where tokens go: assignments per expert, the lineages that a token's experts belong to,
 * and how sure the router is. Each worker has counts of its own.
 */
final class RoutingStatistics implements RoutingListener {

  /** Sums over the tokens that a layer routed. */
  static final class Counts {
    private final long[] assignments_E;
    private long tokens;
    private long tokensWithSiblings;
    private long lineages;
    private double entropy;

    Counts(int experts) {
      assignments_E = new long[experts];
    }

    private void add(Counts other) {
      Loads.add(assignments_E, other.assignments_E);
      tokens += other.tokens;
      tokensWithSiblings += other.tokensWithSiblings;
      lineages += other.lineages;
      entropy += other.entropy;
    }

    /** All of it in one row. */
    private double[] values() {
      double[] values =
          Arrays.copyOf(
              Arrays.stream(assignments_E).asDoubleStream().toArray(), assignments_E.length + 4);
      values[assignments_E.length] = tokens;
      values[assignments_E.length + 1] = tokensWithSiblings;
      values[assignments_E.length + 2] = lineages;
      values[assignments_E.length + 3] = entropy;
      return values;
    }

    /** The reverse. */
    private static Counts of(double[] values) {
      int experts = values.length - 4;
      Counts counts = new Counts(experts);
      Arrays.setAll(counts.assignments_E, e -> (long) values[e]);
      counts.tokens = (long) values[experts];
      counts.tokensWithSiblings = (long) values[experts + 1];
      counts.lineages = (long) values[experts + 2];
      counts.entropy = values[experts + 3];
      return counts;
    }

    /** Assignments per expert. */
    long[] assignments_E() {
      return assignments_E;
    }

    /** Share of tokens that choose two experts of one lineage. */
    double siblingCoselection() {
      return (double) tokensWithSiblings / tokens;
    }

    /** Lineages that a token chooses, mean over the tokens. */
    double distinctLineages() {
      return (double) lineages / tokens;
    }

    /** Of the scores as shares of their sum, in nats, mean over the tokens. */
    double routerEntropy() {
      return entropy / tokens;
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
    List<Integer> lineages = parents == null ? null : parents.get(layer);
    int topK = choice.length / Math.toIntExact(x_TD.size(0));
    for (int first = 0; first < choice.length; first += topK) {
      counts.tokens++;
      for (int slot = first; slot < first + topK; slot++) {
        counts.assignments_E[choice[slot]]++;
      }
      if (lineages != null) {
        int distinct = SiblingCoselection.distinctLineages(choice, first, topK, lineages);
        counts.lineages += distinct;
        counts.tokensWithSiblings += distinct < topK ? 1 : 0;
      }
    }
  }

  @Override
  public void scored(int worker, int layer, Tensor scores_TE) {
    counts(worker, layer).entropy += RouterEntropy.sum(scores_TE);
  }

  private Counts counts(int worker, int layer) {
    return Objects.requireNonNull(byWorker.get(worker).get(layer));
  }

  /** Takes in what the other ranks counted, with which each then has the same. */
  void gather(ProcessGroup ranks) {
    if (ranks.size() == 1) {
      return;
    }
    Map<Integer, Counts> totals = new TreeMap<>();
    for (int layer : byWorker.getFirst().keySet()) {
      totals.put(layer, Counts.of(ranks.sum(total(layer).values())));
    }
    byWorker.clear();
    byWorker.add(totals);
  }

  /** A layer's counts over all workers. */
  Counts total(int layer) {
    return total(layer, List.of(this));
  }

  /** A layer's counts over all workers and several passes. */
  static Counts total(int layer, Collection<RoutingStatistics> passes) {
    List<Counts> parts =
        passes.stream()
            .flatMap(pass -> pass.byWorker.stream())
            .map(layers -> Objects.requireNonNull(layers.get(layer)))
            .toList();
    Counts total = new Counts(parts.getFirst().assignments_E.length);
    parts.forEach(total::add);
    return total;
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
