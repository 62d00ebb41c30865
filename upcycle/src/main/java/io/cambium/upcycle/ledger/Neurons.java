package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.Arrays;

/**
 * Some intermediate neurons of an expert, drawn without replacement.
 *
 * @param key of the draw: matrices with the same key have the same neurons
 * @param width intermediate size of an expert
 * @param count how many of them
 */
public record Neurons(long seed, String key, int width, int count) {

  /**
   * Those of one expert: one index set for its gate, up and down projections (Drop-Upcycling, arXiv
   * 2502.19261, section 3.2).
   */
  public Neurons(long seed, int layer, int expert, int width, int count) {
    this(seed, layer + "." + expert, width, count);
  }

  /** The chosen indices, ascending. */
  public int[] indices() {
    CounterRandom random = CounterRandom.of(seed, "neurons." + key);
    int[] chosen = Arrays.copyOf(Shuffle.of(width, count, random), count);
    Arrays.sort(chosen);
    return chosen;
  }
}
