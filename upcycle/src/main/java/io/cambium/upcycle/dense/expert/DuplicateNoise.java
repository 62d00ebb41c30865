package io.cambium.upcycle.dense.expert;

import io.cambium.upcycle.ledger.Formula;
import java.util.Map;

/**
 * Every copy is the dense block plus noise of its own, for each matrix alone.
 *
 * @param noise its standard deviation, as a share of that of the matrix
 */
record DuplicateNoise(double noise) implements ExpertInitialisation {

  @Override
  public String name() {
    return "duplicate-noise";
  }

  @Override
  public Formula copy(Formula dense, ExpertSlot slot) {
    return new Formula.Noisy(dense, noise, slot.seed(), slot.key());
  }

  @Override
  public boolean keepsFunction() {
    return false;
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of("noise", noise);
  }
}
