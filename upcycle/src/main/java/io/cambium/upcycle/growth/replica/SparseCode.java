package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/**
 * Few weights of a replica are moved, and far: each weight, with probability a, by a draw from the
 * normal distribution around zero that has the standard deviation of its matrix. Which ones is a
 * code of each replica's own; the others are the parent's.
 *
 * @param amount a, the expected share of the weights
 */
record SparseCode(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "sparse-code";
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.isMatrix()
        ? new Formula.SparselyNoisy(parent, amount, slot.seed(), slot.key())
        : parent;
  }
}
