package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;
import java.util.Map;

/**
 * As {@link Drop}, but gate, up and down each choose neurons by themselves, as the code published
 * with the paper does: at rate 1/2 only one neuron in eight is then left as it was.
 *
 * @param rate share of the neurons, in each matrix
 */
record DropIndependent(double rate) implements ExpertInitialisation {

  @Override
  public String name() {
    return "drop-independent";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    Neurons neurons =
        new Neurons(slot.seed(), slot.key(), slot.width(), Drop.count(rate, slot.width()));
    return new Formula.Redrawn(dense, neurons, slot.neuronAxis(), slot.key());
  }

  @Override
  public boolean keepsFunction() {
    return false;
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of("dropRate", rate);
  }
}
