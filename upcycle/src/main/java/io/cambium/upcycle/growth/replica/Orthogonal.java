package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.ledger.Formula;

/**
 * Every neuron of a replica is its parent's, turned by one angle in a direction of its own: {@code
 * cos(phi) w + sin(phi) |w| z}, w its weights in one matrix [D], z a unit vector drawn at random
 * and orthogonal to w, {@code 2 sin(phi / 2) = a}. So norms stay, and every neuron moves by the
 * share a of its norm.
 *
 * @param amount a, the distance from the parent relative to its norm
 */
record Orthogonal(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "orthogonal";
  }

  @Override
  public void requireFits(int experts, int width, int hiddenSize) {
    if (hiddenSize == 1) {
      throw new UsageException(
          "growth option replicas", "orthogonal needs neurons of two weights at least", null);
    }
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.isMatrix()
        ? new Formula.TurnedNeurons(parent, slot.neuronAxis(), amount, slot.seed(), slot.key())
        : parent;
  }
}
