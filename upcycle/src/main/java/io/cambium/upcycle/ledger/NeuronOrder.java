package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;

/**
 * A random order of an expert's intermediate neurons.
 *
 * @param key of the draw: matrices with the same key have the same order
 * @param width how many neurons there are
 */
public record NeuronOrder(long seed, String key, int width) {

  /** Neuron {@code n} of the result is neuron {@code indices()[n]} of the source. */
  public int[] indices() {
    return Shuffle.of(width, width, CounterRandom.of(seed, "order." + key));
  }
}
