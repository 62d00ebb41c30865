package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.UsageException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Some intermediate neurons of an expert, drawn without replacement.
 *
 * @param key of the draw: matrices with the same key have the same neurons
 * @param width intermediate size of an expert
 * @param count how many of them
 */
public record Neurons(long seed, String key, int width, int count) {

  /**
   * Those of one expert: one index set for its gate, up and down projections (Drop-Upcycling, arXiv
   * 2502.19261, section 3.2).
   */
  public Neurons(long seed, int layer, int expert, int width, int count) {
    this(seed, layer + "." + expert, width, count);
  }

  /**
   * How many neurons a share of them is, rounded down.
   *
   * @param option by which the share is given, for the error
   * @throws UsageException if it is none
   */
  public static int count(double share, int width, String option) {
    int count = (int) Math.floor(share * width);
    if (count == 0) {
      throw new UsageException(
          option,
          share + " redraws none of " + width + " neurons",
          "give at least " + leastShare(width).toPlainString());
    }
    return count;
  }

  /** The smallest share that is one neuron, rounded up to what people read. */
  private static BigDecimal leastShare(int width) {
    MathContext fourDigits = new MathContext(4, RoundingMode.CEILING);
    return BigDecimal.ONE.divide(BigDecimal.valueOf(width), fourDigits).stripTrailingZeros();
  }

  /** The chosen indices, ascending. */
  public int[] indices() {
    CounterRandom random = CounterRandom.of(seed, "neurons." + key);
    int[] chosen = Arrays.copyOf(Shuffle.of(width, count, random), count);
    Arrays.sort(chosen);
    return chosen;
  }
}
