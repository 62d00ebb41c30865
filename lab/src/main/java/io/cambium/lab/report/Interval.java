package io.cambium.lab.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A number that was measured once or several times.
 *
 * @param mean of the measurements
 * @param margin half the width of the 95 % confidence interval of the mean (Student's t); absent
 *     for a single measurement, which knows no spread
 * @param lowest of the measurements
 * @param highest of them
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Interval(double mean, @Nullable Double margin, double lowest, double highest) {

  /** The 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom. */
  private static final List<Double> QUANTILES =
      List.of(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228);

  /** With more, by the expansion in 1 / degrees of freedom around the normal quantile. */
  private static final double NORMAL = 1.95996;

  /** Of at least one value. */
  public static Interval of(List<Double> values) {
    var statistics = values.stream().mapToDouble(value -> value).summaryStatistics();
    double mean = statistics.getAverage();
    int freedom = values.size() - 1;
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    Double margin =
        freedom == 0 ? null : quantile(freedom) * Math.sqrt(squares / freedom / values.size());
    return new Interval(mean, margin, statistics.getMin(), statistics.getMax());
  }

  /** Within 0.003 of Student's (Abramowitz and Stegun, 26.7.5). */
  static double quantile(int freedom) {
    return freedom <= QUANTILES.size()
        ? QUANTILES.get(freedom - 1)
        : NORMAL
            + (Math.pow(NORMAL, 3) + NORMAL) / (4.0 * freedom)
            + (5 * Math.pow(NORMAL, 5) + 16 * Math.pow(NORMAL, 3) + 3 * NORMAL)
                / (96.0 * freedom * freedom);
  }
}
