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
    int width = slot.width();
    Neurons neurons = new Neurons(slot.seed(), slot.blockKey(), width, count(rate, width));
    return new Formula.Redrawn(dense, neurons, slot.neuronAxis(), slot.key());
  }

  /**
   * How many of a block's neurons are drawn anew.
   *
   * @throws io.cambium.checkpoint.UsageException if it is none
   */
  static int count(double rate, int width) {
    return Neurons.count(rate, width, "option drop-rate");
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
