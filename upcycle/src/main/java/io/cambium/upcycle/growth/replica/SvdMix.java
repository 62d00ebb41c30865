package io.cambium.upcycle.growth.replica;

import io.cambium.upcycle.ledger.Formula;

/**
 * Each matrix of a replica has its parent's singular vectors, and singular values between its
 * parent's and another expert's: {@code sum_i ((1 - a) s_i + a t_i) u_i v_i'}, where the parent is
 * {@code sum_i s_i u_i v_i'} and t_i is the i-th largest singular value of the other expert, drawn
 * once for all tensors. Where the parent has no i-th singular value, there is none to mix.
 *
 * @param amount a, the share of the other expert
 */
record SvdMix(double amount) implements ReplicaInitialisation {

  @Override
  public String name() {
    return "svd-mix";
  }

  @Override
  public void requireFits(int experts, int width, int hiddenSize) {
    OtherExpert.require(this, experts);
  }

  @Override
  public Formula replica(Formula parent, ReplicaSlot slot) {
    return slot.isMatrix()
        ? new Formula.MixedSpectrum(parent, slot.ofExpert().apply(slot.other()), amount)
        : parent;
  }
}
