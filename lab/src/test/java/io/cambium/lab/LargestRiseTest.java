package io.cambium.lab;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.growth;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LargestRiseTest {

  private static final RunHistory UNGROWN =
      run(
          "ungrown",
          step(1, 1.0),
          evaluation(2, 4.0),
          evaluation(4, 3.5),
          evaluation(6, 3.0),
          evaluation(8, 2.5));

  @Test
  void itIsTheLargestOneInsideTheWindow() {
    // Over the ungrown run: before growing +1, right after it -0.75, then +0.5, +0.125 and +1.
    RunHistory grown =
        run(
            "grown",
            step(1, 1.0),
            evaluation(2, 5.0),
            growth(2, "lineage", 1, 2, 4),
            evaluation(4, 4.0),
            evaluation(5, 9.0),
            evaluation(6, 3.125),
            evaluation(8, 3.5));
    assertThat(LargestRise.of(grown, UNGROWN, 4)).contains(new LargestRise(0.5, 40));
    assertThat(LargestRise.of(grown, UNGROWN, 1)).contains(new LargestRise(-0.75, 20));
    assertThat(LargestRise.of(grown, UNGROWN, 6)).contains(new LargestRise(1.0, 80));
  }

  @Test
  void itIsBelowZeroWhereTheGrownModelIsAlwaysBetter() {
    RunHistory grown =
        run(
            "grown",
            step(1, 1.0),
            evaluation(2, 4.0),
            growth(2, "cold", 1, 2, 4),
            evaluation(4, 3.0));
    assertThat(LargestRise.of(grown, UNGROWN, 4)).contains(new LargestRise(-0.5, 40));
  }

  @Test
  void withoutACommonEvaluationInTheWindowThereIsNone() {
    RunHistory grown =
        run(
            "grown",
            step(1, 1.0),
            growth(3, "cold", 1, 2, 4),
            evaluation(5, 3.0),
            evaluation(8, 3.0));
    assertThat(LargestRise.of(grown, UNGROWN, 4)).isEmpty();
  }
}
