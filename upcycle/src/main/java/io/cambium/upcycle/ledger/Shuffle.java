package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.stream.IntStream;

/** Numbers below a bound in a random order (Fisher and Yates). */
final class Shuffle {

  private Shuffle() {}

  /**
   * All numbers below the bound.
   *
   * @param random one number of it is used for each place
   * @param places how many of the first places are drawn; what the others hold is no draw
   */
  static int[] of(int bound, int places, CounterRandom random) {
    int[] shuffled = IntStream.range(0, bound).toArray();
    for (int i = 0; i < places; i++) {
      int other = i + (int) (random.uniform(i) * (bound - i));
      int swapped = shuffled[i];
      shuffled[i] = shuffled[other];
      shuffled[other] = swapped;
    }
    return shuffled;
  }
}
