package io.cambium.upcycle.dense.expert;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.ledger.Formula;

/**
 * Copy i of N keeps the neurons from i*I/N up to (i+1)*I/N, rounded down, of a block of width I;
 * the others are zero. The copies add up to the block. A neuron that is zero in gate, up and down
 * has no gradient, so that it stays zero in training.
 */
record Subset() implements ExpertInitialisation {

  @Override
  public String name() {
    return "subset";
  }

  @Override
  public void requireFits(int copies, int granularity) {
    if (granularity > 1) {
      throw new UsageException(
          "option init",
          "subset would leave most of " + granularity + " shards of a copy without any weight",
          "take partition, or leave out --granularity");
    }
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    long from = bound(slot.copy(), slot);
    long count = bound(slot.copy() + 1, slot) - from;
    if (count == 0) {
      throw new UsageException(
          "option init",
          "subset cannot share %d neurons of layer %d among %d copies"
              .formatted(slot.width(), slot.layer(), slot.copies()),
          "name fewer --experts");
    }
    return new Formula.Masked(dense, slot.neuronAxis(), from, count);
  }

  private static long bound(int copy, ExpertSlot slot) {
    return (long) copy * slot.width() / slot.copies();
  }

  @Override
  public boolean keepsFunction() {
    return false;
  }
}
