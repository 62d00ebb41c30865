package io.cambium.lab.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.lab.StudentT;
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

  /** Of at least one value. */
  public static Interval of(List<Double> values) {
    var statistics = values.stream().mapToDouble(value -> value).summaryStatistics();
    double mean = statistics.getAverage();
    int freedom = values.size() - 1;
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    Double margin =
        freedom == 0
            ? null
            : StudentT.quantile(freedom) * Math.sqrt(squares / freedom / values.size());
    return new Interval(mean, margin, statistics.getMin(), statistics.getMax());
  }
}
