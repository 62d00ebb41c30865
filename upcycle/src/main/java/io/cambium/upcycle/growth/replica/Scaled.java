package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Formula;

/**
 * What each neuron of a replica adds to the output is multiplied by a factor of its own, {@code s_n
 * = 1 + a (2 u - 1)}, u uniform in [0, 1): column n of the down projection is. Gate, up and biases
 * are the parent's. So the function is {@code sum_n s_n h_n(x) down_n} in the place of {@code sum_n
 * h_n(x) down_n}, whatever the activation, and on average over the draws it is the parent's.
 *
 * @param amount a, the largest relative change of a neuron
 */
record Scaled(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "scaled";
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.target().part() == Part.EXPERT_DOWN
        ? new Formula.ScaledNeurons(parent, slot.neuronAxis(), amount, slot.seed(), slot.key())
        : parent;
  }
}
