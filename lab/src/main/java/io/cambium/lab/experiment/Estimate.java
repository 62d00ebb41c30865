package io.cambium.lab.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.StudentT;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * A figure over seeds with its 95 % interval, from Student's t distribution.
 *
 * @param seeds it rests on
 * @param lowest of a single seed
 * @param low end of the interval; absent with fewer than three seeds
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Estimate(
    int seeds,
    double value,
    double lowest,
    double highest,
    @Nullable Double low,
    @Nullable Double high) {

  private static final int FEWEST = 3;

  /** The mean, at least of one. */
  public static Estimate ofMean(List<Double> values) {
    return ofRatio(values, values.stream().map(value -> 1.0).toList());
  }

  /**
   * The ratio of two means, each seed giving both. Its standard error is that of the ratio
   * estimator (Cochran, Sampling Techniques, 1977, section 6.3): of the residuals a - ratio * b,
   * over the mean of b. It is meant for a mean of b that stands out from its own spread.
   *
   * @throws UsageException unless there is a b for each a
   */
  public static Estimate ofRatio(List<Double> a, List<Double> b) {
    if (a.isEmpty() || a.size() != b.size()) {
      throw new UsageException(null, "a ratio needs pairs", null);
    }
    int n = a.size();
    double meanB = mean(b);
    double ratio = mean(a) / meanB;
    double[] own = IntStream.range(0, n).mapToDouble(i -> a.get(i) / b.get(i)).toArray();
    double lowest = Arrays.stream(own).min().orElseThrow();
    double highest = Arrays.stream(own).max().orElseThrow();
    if (n < FEWEST) {
      return new Estimate(n, ratio, lowest, highest, null, null);
    }
    double squares =
        IntStream.range(0, n).mapToDouble(i -> Math.pow(a.get(i) - ratio * b.get(i), 2)).sum();
    double half = StudentT.quantile(n - 1) * Math.sqrt(squares / (n - 1) / n) / Math.abs(meanB);
    return new Estimate(n, ratio, lowest, highest, ratio - half, ratio + half);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(value -> value).average().orElseThrow();
  }
}
