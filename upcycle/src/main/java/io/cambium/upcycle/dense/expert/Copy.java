package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;

/** Every copy is the dense block (Sparse Upcycling, arXiv 2212.05055). */
record Copy() implements ExpertInitialisation {

  @Override
  public String name() {
    return "copy";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    return dense;
  }

  @Override
  public boolean keepsFunction() {
    return true;
  }
}
