package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/**
 * Every weight of a replica's matrices gets noise, normal around zero with a share a of the
 * matrix's standard deviation; originals get none.
 *
 * @param amount a, standard deviation of the noise as a share of the matrix's own
 */
record PerturbNew(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "perturb-new";
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.isMatrix() ? new Formula.Noisy(parent, amount, slot.seed(), slot.key()) : parent;
  }
}
