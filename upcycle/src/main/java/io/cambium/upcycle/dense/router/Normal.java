package io.cambium.upcycle.dense.router;

import io.cambium.upcycle.ledger.Formula;
import java.util.List;
import java.util.Map;

/**
 * Drawn from a normal distribution.
 *
 * @param deviation its standard deviation; 1 would make the softmax one-hot from the first step
 */
public record Normal(double deviation) implements RouterInitialisation {

  /** As transformers draws its own. */
  public static final Normal DEFAULT = new Normal(0.02);

  @Override
  public String name() {
    return "normal";
  }

  @Override
  public Formula rows(int layer, int copies_E, int size_D, long seed) {
    return new Formula.Normal(
        List.of((long) copies_E, (long) size_D), deviation, seed, "layer." + layer + ".router");
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of("routerDeviation", deviation);
  }
}
