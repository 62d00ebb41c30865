package io.cambium.upcycle.plan;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Family;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Numbers that follow from a plan.
 *
 * @param source size of the first source
 * @param target size of the result
 * @param optimizerBytes of the result's optimizer state
 * @param experts routed experts of each layer that has any, by its index
 * @param cost what carrying the plan out takes
 */
public record Figures(
    ModelSize source,
    ModelSize target,
    long optimizerBytes,
    SortedMap<Integer, Integer> experts,
    Cost cost) {

  /**
   * Those of a ledger.
   *
   * @param decoder what the result computes
   * @param family the result's
   */
  public static Figures of(
      SourceCheckpoint source,
      DecoderSpec decoder,
      Family family,
      List<Entry> weights,
      List<Entry> optimizer) {
    ModelSize target = ModelSize.of(decoder, family, bytes(weights));
    SortedMap<Integer, Integer> experts = new TreeMap<>();
    decoder.mixtureLayers().forEach(i -> experts.put(i, decoder.mixture(i).experts()));
    return new Figures(
        ModelSize.of(source),
        target,
        bytes(optimizer),
        experts,
        Cost.of(decoder, weights, optimizer));
  }

  private static long bytes(List<Entry> entries) {
    return entries.stream().mapToLong(Entry::bytes).sum();
  }
}
