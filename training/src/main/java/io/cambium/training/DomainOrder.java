package io.cambium.training;

import io.cambium.checkpoint.UsageException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which domain each training sequence comes from: a period that repeats, in which every domain has
 * turns as its weight says, as evenly spread as can be.
 */
final class DomainOrder {

  /** Weights are rounded to shares of so many turns. */
  private static final int FINEST = 1000;

  private final int[] domain;
  private final int[] turn;
  private final int[] turns;

  private DomainOrder(int[] turns) {
    this.turns = turns;
    this.domain = spread(turns);
    this.turn = new int[domain.length];
    int[] next = new int[turns.length];
    for (int i = 0; i < domain.length; i++) {
      turn[i] = next[domain[i]]++;
    }
  }

  /**
   * An order.
   *
   * @param names of the domains
   * @param weights by name; a domain without one has no turn. None at all: all alike
   * @throws UsageException if a weight names no domain
   */
  static DomainOrder of(List<String> names, Map<String, Double> weights) {
    for (String name : weights.keySet()) {
      if (!names.contains(name)) {
        throw new UsageException(
            "mix." + name, "is no domain of the data", "there are " + String.join(", ", names));
      }
    }
    int[] turns = new int[names.size()];
    double sum = weights.values().stream().mapToDouble(Double::doubleValue).sum();
    Arrays.setAll(turns, d -> weights.isEmpty() ? 1 : turns(weights.get(names.get(d)), sum));
    int divisor = Arrays.stream(turns).reduce(0, DomainOrder::greatestCommonDivisor);
    return new DomainOrder(Arrays.stream(turns).map(t -> t / divisor).toArray());
  }

  private static int turns(@Nullable Double weight, double sum) {
    return weight == null ? 0 : Math.toIntExact(Math.max(1, Math.round(FINEST * weight / sum)));
  }

  private static int greatestCommonDivisor(int a, int b) {
    return b == 0 ? a : greatestCommonDivisor(b, a % b);
  }

  /** Each turn goes to the domain that is furthest behind; the first of equals. */
  private static int[] spread(int[] turns) {
    int[] order = new int[Arrays.stream(turns).sum()];
    long[] behind = new long[turns.length];
    for (int i = 0; i < order.length; i++) {
      int most = 0;
      for (int d = 0; d < turns.length; d++) {
        behind[d] += turns[d];
        most = behind[d] > behind[most] ? d : most;
      }
      behind[most] -= order.length;
      order[i] = most;
    }
    return order;
  }

  /** The domain of a sequence, by its number since the beginning of training. */
  int domain(long number) {
    return domain[(int) (number % domain.length)];
  }

  /** How many sequences of that domain came before it. */
  long turn(long number) {
    int place = (int) (number % domain.length);
    return number / domain.length * turns[domain[place]] + turn[place];
  }

  /** Whether a domain has any turn. */
  boolean has(int index) {
    return turns[index] > 0;
  }
}
