package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/** Every replica is its parent (Expert Upcycling, arXiv 2604.19835). */
record Copy() implements ReplicaInitialisation {

  @Override
  public String name() {
    return "copy";
  }

  @Override
  public double amount() {
    return 0;
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return parent;
  }
}
