package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The intermediate neurons of one replica that are drawn anew: one index set for its gate, up and
 * down projections (Drop-Upcycling, arXiv 2502.19261, section 3.2).
 *
 * @param expert index of the replica in the grown layer
 * @param width intermediate size of an expert
 * @param count how many of them
 */
public record Neurons(long seed, int layer, int expert, int width, int count) {

  /** The chosen indices, ascending. */
  public int[] indices() {
    CounterRandom random = CounterRandom.of(seed, "neurons." + layer + "." + expert);
    int[] shuffled = IntStream.range(0, width).toArray();
    for (int i = 0; i < count; i++) {
      int other = i + (int) (random.uniform(i) * (width - i));
      int swapped = shuffled[i];
      shuffled[i] = shuffled[other];
      shuffled[other] = swapped;
    }
    int[] chosen = Arrays.copyOf(shuffled, count);
    Arrays.sort(chosen);
    return chosen;
  }
}
