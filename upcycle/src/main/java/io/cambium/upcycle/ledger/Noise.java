package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;

/** Noise in proportion to a matrix's own spread. */
final class Noise {

  private Noise() {}

  /**
   * Adds draws from a normal distribution around zero to every entry. Entries get noise before they
   * are rounded to their type: noise of 0.001 that is rounded first is lost.
   *
   * @param values overwritten
   * @param share of the (population) standard deviation of all entries
   */
  static void add(float[] values, double share, CounterRandom random) {
    double deviation = share * deviation(values);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] + deviation * random.gaussian(i));
    }
  }

  /**
   * Adds draws of the whole standard deviation to few entries.
   *
   * @param values overwritten
   * @param share the probability of each to be one of them
   * @param key of the draws
   */
  static void addToFew(float[] values, double share, long seed, String key) {
    CounterRandom chosen = CounterRandom.of(seed, "code." + key);
    CounterRandom random = CounterRandom.of(seed, key);
    double deviation = deviation(values);
    for (int i = 0; i < values.length; i++) {
      if (chosen.uniform(i) < share) {
        values[i] = (float) (values[i] + deviation * random.gaussian(i));
      }
    }
  }

  private static double deviation(float[] values) {
    double mean = 0;
    for (float value : values) {
      mean += value;
    }
    mean /= values.length;
    double squares = 0;
    for (float value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / values.length);
  }
}
