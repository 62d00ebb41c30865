package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.NormalDraws;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Standard deviations of whole matrices, which every piece of a copy with noise needs. */
public final class Deviations {

  private final Map<Formula, Double> known = new ConcurrentHashMap<>();

  /**
   * The (population) standard deviation of a tensor.
   *
   * @param elements how many it has
   * @param values its elements in a range
   */
  double get(Formula tensor, long elements, Function<Range, float[]> values) {
    return known.computeIfAbsent(tensor, _ -> compute(elements, values));
  }

  private static double compute(long elements, Function<Range, float[]> values) {
    BatchSums sums = new BatchSums();
    double sum = 0;
    double squares = 0;
    for (long from = 0; from < elements; from += NormalDraws.BATCH) {
      long count = Math.min(NormalDraws.BATCH, elements - from);
      float[] batch = values.apply(new Range(from, count));
      sum += sums.of(batch);
      squares += sums.ofSquares(batch);
    }
    double mean = sum / elements;
    return Math.sqrt(Math.max(0, squares / elements - mean * mean));
  }
}
