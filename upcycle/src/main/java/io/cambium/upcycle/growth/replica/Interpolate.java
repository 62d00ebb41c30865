package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/**
 * A replica lies between its parent W and another expert V of the layer, drawn once for all of its
 * tensors: {@code (1 - a) W + a V}, neuron n of one with neuron n of the other, as they lie on
 * disk. Experts that were made of one dense block have their neurons in one order; those trained
 * from scratch have not, so that unlike neurons are mixed.
 *
 * @param amount a, the share of the other expert
 */
record Interpolate(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "interpolate";
  }

  @Override
  public void requireFits(int experts, int width, int hiddenSize) {
    OtherExpert.require(this, experts);
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return new Formula.Interpolated(parent, slot.ofExpert().apply(slot.other()), amount);
  }
}
