package io.cambium.lab;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.GapClosure.Losses;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class GapClosureTest {

  private static final Offset<Double> TIGHT = within(1e-12);

  @Test
  void publishedLossesGiveThePublishedClosure() {
    // Expert Upcycling, 7B -> 13B at 50 % of CPT: 1.339 / 1.305 / 1.308, so 34/31 of the gap.
    GapClosure closure = GapClosure.ofOneSeed(new Losses(1.339, 1.305, 1.308), 0.017);
    assertThat(closure.gap()).isCloseTo(0.031, TIGHT);
    assertThat(closure.eta()).isCloseTo(34.0 / 31, within(1e-9));
    assertThat(closure.text()).isEqualTo("110 % (one seed)");
  }

  @Test
  void aGapNoLargerThanTheNoiseIsNotResolved() {
    GapClosure closure = GapClosure.ofOneSeed(new Losses(3.0, 2.5, 2.75), 0.25);
    assertThat(closure.eta()).isNull();
    assertThat(closure.text()).isEqualTo("not resolved (one seed)");
    assertThat(GapClosure.ofOneSeed(new Losses(3.0, 2.5, 2.75), 0.2499).eta()).isEqualTo(2.0);
    assertThat(GapClosure.ofOneSeed(new Losses(3.0, 2.5, 3.0), 0).eta()).isNull();
    assertThat(GapClosure.ofOneSeed(new Losses(3.0, 2.5, 3.5), 0).eta()).isNull();
  }

  @Test
  void overSeedsItIsTheRatioOfTheMeans() {
    // Gaps 0.4 and 0.6 (mean 0.5, spread 0.2); closed 0.1 and 0.3 (mean 0.2).
    GapClosure closure =
        GapClosure.ofSeeds(List.of(new Losses(3.0, 2.9, 2.6), new Losses(3.1, 2.8, 2.5)));
    assertThat(closure.noise()).isCloseTo(0.2, TIGHT);
    assertThat(closure.eta()).isCloseTo(0.4, TIGHT);
    assertThat(closure.lowest()).isCloseTo(0.25, TIGHT);
    assertThat(closure.highest()).isCloseTo(0.5, TIGHT);
    assertThat(closure.text()).isEqualTo("40 % (25 to 50, 2 seeds)");
  }

  @Test
  void overSeedsTheNoiseIsTheSpreadOfTheGap() {
    // Gaps 0.1, 0.5 and 0.2: mean 0.2667, spread 0.4.
    GapClosure closure =
        GapClosure.ofSeeds(
            List.of(
                new Losses(3.0, 2.9, 2.9), new Losses(3.0, 2.9, 2.5), new Losses(3.0, 2.9, 2.8)));
    assertThat(closure.eta()).isNull();
    assertThat(closure.text()).isEqualTo("not resolved (3 seeds)");
    assertThatThrownBy(() -> GapClosure.ofSeeds(List.of(new Losses(3, 2, 1))))
        .isInstanceOf(UsageException.class);
  }

  @Test
  void growingMayDoWorseThanNothing() {
    assertThat(GapClosure.ofOneSeed(new Losses(3.0, 3.25, 2.5), 0.1).eta()).isEqualTo(-0.5);
  }

  @Test
  void scatterIsThatOfSuccessiveGapsInTheLastThird() {
    // Gaps: three wild ones, then 1.0, 1.5, 1.25, 1.25, 1.5, 1.0; the last third is 1.25, 1.5, 1.0.
    RunHistory small = losses(9.0, 3.0, 8.0, 2.0, 2.5, 2.25, 2.25, 2.5, 2.0);
    RunHistory large = losses(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0);
    assertThat(GapClosure.scatter(small, large))
        .isCloseTo(Math.sqrt((0.25 * 0.25 + 0.5 * 0.5) / 4), TIGHT);
  }

  @Test
  void scatterTakesThreeEvaluationsAndNeedsThem() {
    RunHistory flat = losses(1.0, 1.0, 1.0);
    assertThat(GapClosure.scatter(losses(2.0, 2.5, 2.0), flat)).isCloseTo(Math.sqrt(0.125), TIGHT);
    assertThat(GapClosure.scatter(losses(2.0, 2.5), flat)).isZero();
    assertThat(GapClosure.scatter(losses(2.0), flat)).isZero();
  }

  private static RunHistory losses(double... losses) {
    List<Metric> events = new ArrayList<>();
    events.add(step(1, 1.0));
    for (int i = 0; i < losses.length; i++) {
      events.add(evaluation(i + 1, losses[i]));
    }
    return run("run", events.toArray(Metric[]::new));
  }
}
