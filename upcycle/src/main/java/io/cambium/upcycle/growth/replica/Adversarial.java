package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/**
 * Each matrix of a replica is its parent W after the step that raises the loss fastest: {@code W +
 * a |W| g / |g|}, norms over the whole matrix, g the gradient of the mean cross entropy over the
 * calibration tokens by W. Where no token reached the parent, g is zero and the replica its copy.
 *
 * @param amount a, the length of the step relative to the norm
 */
record Adversarial(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "adversarial";
  }

  @Override
  public boolean needsGradients() {
    return true;
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.isMatrix() ? new Formula.Stepped(parent, slot.gradient(), amount) : parent;
  }
}
