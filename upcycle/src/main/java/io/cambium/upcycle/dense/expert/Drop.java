package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;
import java.util.Map;

/**
 * Some neurons of each copy are drawn anew, the same in gate, up and down (Drop-Upcycling, arXiv
 * 2502.19261, section 3.2).
 *
 * @param rate share of the neurons
 */
record Drop(double rate) implements ExpertInitialisation {

  @Override
  public String name() {
    return "drop";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    int count = (int) Math.floor(rate * slot.width());
    Neurons neurons = new Neurons(slot.seed(), slot.layer(), slot.copy(), slot.width(), count);
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
