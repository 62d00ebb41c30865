package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import java.util.Map;

/**
 * Every copy keeps the leading singular values of each matrix W = sum s_i u_i v_i', s_1 the
 * largest, and changes the rest. Rank r is the smallest whose s_1² + ... + s_r² reaches the share
 * of the sum over all; the terms beyond it get random signs, +1 or -1 alike, drawn for each matrix
 * and copy.
 *
 * <p>So all singular values stay, the best approximation of rank r stays, and of the rest the
 * energy stays and the direction does not: the expected squared distance from the block is 2 (1 -
 * share) of its squared norm, at most, as r is whole.
 *
 * @param share of the squared spectrum that is kept
 */
record Svd(double share) implements ExpertInitialisation {

  @Override
  public String name() {
    return "svd";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    return new Formula.Spectral(dense, share, slot.seed(), slot.key());
  }

  @Override
  public boolean keepsFunction() {
    return false;
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of("svdShare", share);
  }
}
