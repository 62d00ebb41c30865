package io.cambium.upcycle;

import java.util.Locale;

/**
 * How far one model's logits are from another's, on the same tokens.
 *
 * @param tokens number of positions compared
 * @param largest largest absolute difference
 * @param mean mean absolute difference
 * @param kl mean over positions of the Kullback-Leibler divergence of the second model's next-token
 *     distribution from the first's, in nats
 * @param largestLogit largest absolute logit of the first model
 */
public record LogitDifference(
    int tokens, double largest, double mean, double kl, double largestLogit) {

  /**
   * Compares.
   *
   * @param expected_TV row-major [T, V]
   * @param actual_TV likewise
   */
  static LogitDifference between(float[] expected_TV, float[] actual_TV, int tokens) {
    if (expected_TV.length != actual_TV.length || expected_TV.length % tokens != 0) {
      throw new IllegalArgumentException(
          expected_TV.length + " and " + actual_TV.length + " logits for " + tokens + " tokens");
    }
    double largest = 0;
    double sum = 0;
    double largestLogit = 0;
    for (int i = 0; i < expected_TV.length; i++) {
      double difference = Math.abs((double) expected_TV[i] - actual_TV[i]);
      // Math.max passes NaN on, so that it cannot hide.
      largest = Math.max(largest, difference);
      largestLogit = Math.max(largestLogit, Math.abs(expected_TV[i]));
      sum += difference;
    }
    int size_V = expected_TV.length / tokens;
    double kl = 0;
    for (int t = 0; t < tokens; t++) {
      kl += divergence(expected_TV, actual_TV, t * size_V, size_V);
    }
    return new LogitDifference(
        tokens, largest, sum / expected_TV.length, kl / tokens, largestLogit);
  }

  private static double divergence(float[] expected, float[] actual, int from, int length) {
    double expectedLog = logSumExp(expected, from, length);
    double actualLog = logSumExp(actual, from, length);
    double divergence = 0;
    for (int i = from; i < from + length; i++) {
      double log = expected[i] - expectedLog;
      divergence += Math.exp(log) * (log - (actual[i] - actualLog));
    }
    return divergence;
  }

  private static double logSumExp(float[] values, int from, int length) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + length; i++) {
      largest = Math.max(largest, values[i]);
    }
    double sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += Math.exp(values[i] - largest);
    }
    return largest + Math.log(sum);
  }

  /** The difference for people, in one line. */
  public String describe() {
    return String.format(
        Locale.ROOT,
        "logits differ by at most %.2g (mean %.2g), KL %.2g, on %d tokens",
        largest,
        mean,
        kl,
        tokens);
  }

  boolean isFinite() {
    return Double.isFinite(largest) && Double.isFinite(largestLogit) && Double.isFinite(kl);
  }
}
