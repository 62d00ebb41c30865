package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.NeuronOrder;

/**
 * Every copy has the block's neurons in an order of its own, the same in gate, up and down, so that
 * it computes the same. An order for each matrix alone, as tools offer under the name of a random
 * permutation, would destroy the function.
 */
record Permute() implements ExpertInitialisation {

  @Override
  public String name() {
    return "permute";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    NeuronOrder order = new NeuronOrder(slot.seed(), slot.blockKey(), slot.width());
    return new Formula.Permuted(dense, order, slot.neuronAxis());
  }

  @Override
  public boolean keepsFunction() {
    return true;
  }
}
