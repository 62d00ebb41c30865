package io.cambium.lab.comparison;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.LargestRise;
import io.cambium.lab.RunHistory;
import io.cambium.lab.SyntheticDemo;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class DemoSummaryTest {

  private static final Double[] TWO = {0.5, 0.5};
  private static final Double[] FIVE = {0.2, 0.2, 0.2, 0.2, 0.2};

  @TempDir Path directory;

  @Test
  void measuresTheArms() {
    DemoSummary summary = summary(3.0, 2.75, 2.5, 3.0);

    assertThat(summary.gapClosure().eta()).isEqualTo(0.5);
    // Two steps with 2 experts and two with 5, against four with 5.
    assertThat(summary.saving()).isCloseTo(1 - 14.0 / 20, within(1e-12));
    DemoSummary.Row grown = summary.row(Arm.Role.UPCYCLED);
    assertThat(grown.expertSteps()).isEqualTo(14);
    assertThat(grown.experts()).isEqualTo(5);
    assertThat(grown.tokens()).isEqualTo(40);
    assertThat(grown.perplexity()).isEqualTo(Math.exp(2.75));
    DemoSummary.Grown growth = Objects.requireNonNull(grown.growth());
    assertThat(growth.jump()).isEqualTo(0);
    assertThat(growth.largestRise()).isEqualTo(new LargestRise(0.25, 30));
  }

  @Test
  void saysWhatGrowingBrought() {
    assertThat(summary(3.0, 2.75, 2.5, 3.0).finding())
        .isEqualTo(
            "Growing from 2 to 5 experts after 50 % of the tokens closed 50 % of the gap to 5"
                + " experts from scratch, with no loss jump and 30 % fewer expert-steps (one"
                + " seed).");
    assertThat(summary(3.0, 2.25, 2.5, 3.25).finding())
        .contains(
            "closed all of the gap to 5 experts from scratch: it ended 0.250 nats below 5 experts"
                + " from scratch, with a loss jump of +0.250 nats");
  }

  @Test
  void saysSoWhenGrowingBroughtNothing() {
    assertThat(summary(3.0, 3.125, 2.5, 3.0).finding())
        .contains(
            "closed none of the gap to 5 experts from scratch: it ended 0.125 nats above 2 experts"
                + " throughout");
  }

  @Test
  void saysSoWhenTheGapCannotBeResolved() {
    assertThat(summary(3.0, 2.75, 3.125, 3.0).finding())
        .isEqualTo(
            "What growing from 2 to 5 experts is worth cannot be told here: there is no gap to"
                + " close, as 5 experts from scratch ended 0.125 nats above 2 experts throughout; the grown model ended 0.250 nats below 2"
                + " experts throughout (one seed).");
    assertThat(summary(3.0, 3.0001, 3.125, 3.0).finding())
        .endsWith("; the grown model ended level with 2 experts throughout (one seed).");
    // The gap goes 0.5, 0, 0.01 at the last three evaluations: it scatters by 0.354.
    assertThat(
            DemoSummary.of(
                    arms(
                        fixed("small", TWO, 3.5, 3.25, 3.0),
                        grown(2.75, 3.0),
                        fixed("large", FIVE, 3.0, 3.25, 2.99)))
                .finding())
        .contains("the gap to 5 experts from scratch, 0.010 nats, is no larger than the noise");
  }

  @Test
  void saysSoWhenAnArmWasNotEvaluatedSinceItGrew() {
    List<Arm> arms =
        new ArrayList<>(
            arms(
                fixed("small", TWO, 3.5, 3.25, 3.0),
                grown(2.75, 3.0),
                fixed("large", FIVE, 3.0, 2.75, 2.5)));
    RunHistory flat = run("flat", step(2, TWO), evaluation(2, 3.5), growth(2, 3.75), step(3, FIVE));
    arms.add(new Arm(Arm.Role.OBSERVED, "flat", flat));

    DemoSummary summary = DemoSummary.of(arms);
    assertThat(summary.row(Arm.Role.OBSERVED).evaluatedBeforeGrowth()).isTrue();
    assertThat(summary.row(Arm.Role.UPCYCLED).evaluatedBeforeGrowth()).isFalse();
    assertThat(SummaryTable.text(summary)).contains("those at 0.00M tokens, before it grew\n");
  }

  @Test
  void refusesWhatCannotBeCompared() {
    RunHistory small = fixed("small", TWO, 3.5, 3.25, 3.0);
    RunHistory large = fixed("large", FIVE, 3.5, 3.0, 2.5);
    RunHistory shorter = run("shorter", step(1, FIVE), evaluation(1, 3));
    assertThatThrownBy(() -> DemoSummary.of(arms(small, grown(2.75, 3.0), shorter)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("small at 40, grown at 40, shorter at 10");
    assertThatThrownBy(() -> DemoSummary.of(arms(small, small, large)))
        .hasMessageContaining("never grew");
    assertThatThrownBy(() -> DemoSummary.of(arms(small, grown(2.75, 3.0), large).subList(0, 2)))
        .hasMessageContaining("0 arms have the role FIXED_ME");
  }

  @Test
  void writesTheSameAsJson() {
    DemoSummary summary = DemoSummary.of(SyntheticDemo.write(directory, 0.5).arms());
    summary.write(directory);

    JsonNode json = Json.readObject(directory.resolve("summary.json"));
    assertThat(json.at("/finding").stringValue()).isEqualTo(summary.finding());
    assertThat(json.at("/gap_closure/eta").doubleValue()).isEqualTo(summary.gapClosure().eta());
    assertThat(json.at("/rows/1/growth/largest_rise/nats").doubleValue()).isPositive();
    assertThat(json.at("/rows/1/load/max_vio_batch").doubleValue()).isPositive();
    assertThat(json.at("/rows/0").has("growth")).isFalse();
  }

  /** Final losses of the three models, and the grown one's just after growing (3 before). */
  private static DemoSummary summary(
      double fixedE, double upcycled, double fixedmE, double justAfter) {
    return DemoSummary.of(
        arms(
            fixed("small", TWO, fixedE + 0.5, fixedE + 0.25, fixedE),
            grown(upcycled, justAfter),
            fixed("large", FIVE, fixedmE + 0.5, fixedmE + 0.25, fixedmE)));
  }

  private static List<Arm> arms(RunHistory fixedE, RunHistory upcycled, RunHistory fixedmE) {
    return List.of(
        new Arm(Arm.Role.FIXED_E, "small", fixedE),
        new Arm(Arm.Role.UPCYCLED, "grown", upcycled),
        new Arm(Arm.Role.FIXED_ME, "large", fixedmE));
  }

  /** Four steps, evaluated after the second, third and fourth. */
  private static RunHistory fixed(String name, Double[] load, double... losses) {
    List<Metric> events = new ArrayList<>();
    events.add(step(1, load));
    for (int i = 0; i < losses.length; i++) {
      events.add(step(i + 2, load));
      events.add(evaluation(i + 2, losses[i]));
    }
    return run(name, events.toArray(Metric[]::new));
  }

  /** Grows after the second of four steps; at the third it lies 0.25 above a small model of 3. */
  private static RunHistory grown(double loss, double justAfter) {
    return run(
        "grown",
        step(1, TWO),
        step(2, TWO),
        growth(2, justAfter),
        step(3, FIVE),
        evaluation(3, 3.5),
        step(4, FIVE),
        evaluation(4, loss));
  }

  private static Metric.Growth growth(long step, double justAfter) {
    return new Metric.Growth(step, step * 10, "lineage", "split", 2, 5, 3.0, justAfter, 1);
  }
}
