package io.cambium.model;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Which of the ranks that share experts holds each. Experts are dealt out one by one, siblings of
 * the last growth after each other: so no rank holds more than one expert of a layer, or of a
 * lineage, above another, and what a popular lineage draws is spread. Each layer begins with the
 * rank after that of the layer before, so that what does not divide evenly evens out.
 *
 * @param ranks how many share the experts
 * @param owners the rank of each expert, by routing layer
 */
public record ExpertPlacement(int ranks, SortedMap<Integer, List<Integer>> owners) {

  /**
   * @throws UsageException if a layer has fewer experts than there are ranks
   */
  public static ExpertPlacement of(DecoderSpec spec, Manifest manifest, int ranks) {
    Map<Integer, List<Integer>> parents =
        manifest.growth().isEmpty() ? Map.of() : manifest.growth().getLast().parents();
    SortedMap<Integer, List<Integer>> owners = new TreeMap<>();
    for (int layer : spec.mixtureLayers()) {
      int experts = spec.mixture(layer).experts();
      if (experts < ranks) {
        throw new UsageException(
            "distributed.expert_parallel_size",
            "is %d, but layer %d has only %d experts".formatted(ranks, layer, experts),
            "lower it");
      }
      List<Integer> lineages =
          parents.getOrDefault(layer, IntStream.range(0, experts).boxed().toList());
      owners.put(layer, deal(lineages, owners.size(), ranks));
    }
    return new ExpertPlacement(ranks, owners);
  }

  private static List<Integer> deal(List<Integer> lineages, int first, int ranks) {
    List<Integer> order =
        IntStream.range(0, lineages.size())
            .boxed()
            .sorted(Comparator.comparing(lineages::get)) // stable: of siblings the lower index
            .toList();
    Integer[] owners = new Integer[lineages.size()];
    for (int i = 0; i < owners.length; i++) {
      owners[order.get(i)] = (first + i) % ranks;
    }
    return List.of(owners);
  }

  /** The rank that holds an expert. */
  public int owner(int layer, int expert) {
    return of(layer).get(expert);
  }

  /** The rank of each expert of a layer. */
  List<Integer> of(int layer) {
    return Objects.requireNonNull(owners.get(layer));
  }

  /** Whether a rank holds a tensor: an expert's one does, any other all do. */
  public boolean holds(int rank, ModelTensor tensor) {
    return !tensor.part().isExpert() || owner(tensor.layer(), tensor.expert()) == rank;
  }
}
