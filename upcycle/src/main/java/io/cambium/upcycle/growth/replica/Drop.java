package io.cambium.upcycle.growth.replica;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Neurons;
import java.util.Optional;

/**
 * Some neurons of a replica are drawn anew, the same in gate, up and down, each matrix from the
 * normal distribution of the weights that it replaces (Drop-Upcycling, arXiv 2502.19261, section
 * 3.2).
 *
 * @param amount share of the neurons
 */
record Drop(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "drop";
  }

  @Override
  public void requireFits(int experts, int width, int hiddenSize) {
    // Which refuses none.
    count(width);
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return redrawn(slot)
        .<Formula>map(
            neurons -> new Formula.Redrawn(parent, neurons, slot.neuronAxis(), slot.key()))
        .orElse(parent);
  }

  @Override
  public Optional<Neurons> redrawn(ReplicaSlot slot) {
    ModelTensor target = slot.target();
    return target.part().hasExpertNeurons()
        ? Optional.of(
            new Neurons(
                slot.seed(), target.layer(), target.expert(), slot.width(), count(slot.width())))
        : Optional.empty();
  }

  private int count(int width) {
    return Neurons.count(amount, width, "growth option replica-amount");
  }
}
