package io.cambium.training.config;

import io.cambium.upcycle.utility.CountRule;
import java.util.Locale;
import java.util.Optional;

/** How many experts each becomes when a run grows. */
public enum GrowthCounts {
  UNIFORM,
  GREEDY,
  PROPORTIONAL,
  SAMPLED;

  /** The rule on scores of the same name; none for uniform counts. */
  Optional<CountRule.Kind> rule() {
    return this == UNIFORM ? Optional.empty() : Optional.of(CountRule.Kind.valueOf(name()));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
