package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;

/**
 * A control: every matrix is drawn anew from the normal distribution that has its mean and standard
 * deviation. It is {@link Drop} of all neurons.
 */
record Random() implements ExpertInitialisation {

  @Override
  public String name() {
    return "random";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    Neurons all = new Neurons(slot.seed(), slot.key(), slot.width(), slot.width());
    return new Formula.Redrawn(dense, all, slot.neuronAxis(), slot.key());
  }

  @Override
  public boolean keepsFunction() {
    return false;
  }
}
