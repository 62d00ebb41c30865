package io.cambium.lab;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.growth;
import static io.cambium.lab.Events.run;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunHistoryTest {

  private static final RunHistory SOURCE =
      run(
          "source",
          step(1, 0.5, 0.5),
          step(2, 0.5, 0.5),
          evaluation(2, 4.0),
          step(3, 0.5, 0.5),
          evaluation(3, 3.5));
  private static final RunHistory BRANCH =
      run(
          "branch",
          growth(2, "lineage", 2, 5, 2),
          evaluation(2, 4.25),
          step(3, 0.2, 0.2, 0.2, 0.2, 0.2),
          step(5, 0.2, 0.2, 0.2, 0.2, 0.2),
          evaluation(5, 3.0));

  @TempDir Path directory;

  @Test
  void aBranchGoesOnFromItsSourceUpToTheBranchingStep() {
    RunHistory joined = BRANCH.branchedFrom(SOURCE);

    assertThat(joined.steps()).extracting(step -> step.step()).containsExactly(1L, 2L, 3L, 5L);
    assertThat(joined.evaluations())
        .extracting(evaluation -> evaluation.meanLoss())
        .containsExactly(4.0, 4.25, 3.0);
    assertThat(joined.evaluationsSinceGrowth())
        .extracting(evaluation -> evaluation.meanLoss())
        .containsExactly(4.25, 3.0);
    // The clock goes on where the source's stood: two seconds a step.
    assertThat(joined.seconds()).isEqualTo(10);
  }

  @Test
  void theSourcesOwnGrowthCountsForThoseThatBranchedAfterIt() {
    RunHistory grower =
        run(
            "grower",
            step(1, 0.5, 0.5),
            evaluation(1, 4.0),
            growth(1, "lineage", 2, 3, 0),
            step(2, 0.3, 0.3, 0.4));
    RunHistory ungrown = run("ungrown", step(2, 0.5, 0.5)).branchedFrom(grower);
    RunHistory grown = run("grown", step(2, 0.3, 0.3, 0.4)).branchedFrom(grower);
    RunHistory other =
        run("other", growth(1, "flat", 2, 3, 0), step(2, 0.3, 0.3, 0.4)).branchedFrom(grower);
    RunHistory later = run("later", step(3, 0.3, 0.3, 0.4)).branchedFrom(grower);

    assertThat(ungrown.growth()).isEmpty();
    assertThat(ungrown.evaluations()).hasSize(1);
    assertThat(grown.growth()).map(Metric.Growth::mode).contains("lineage");
    assertThat(other.events().stream().filter(Metric.Growth.class::isInstance)).hasSize(1);
    assertThat(other.growth()).map(Metric.Growth::mode).contains("flat");
    assertThat(later.growth()).map(Metric.Growth::mode).contains("lineage");
  }

  @Test
  void expertStepsCountTheStepsBetweenLoggedOnes() {
    // Steps 1 and 2 with 2 experts, step 3 and the two steps up to 5 with 5.
    assertThat(BRANCH.branchedFrom(SOURCE).expertSteps()).isEqualTo(2 * 2 + 3 * 5);
    assertThat(SOURCE.expertSteps()).isEqualTo(6);
  }

  @Test
  void aBranchNeedsTheStepBeforeItsFirst() {
    RunHistory later = run("later", step(5, 1.0));
    assertThatThrownBy(() -> later.branchedFrom(SOURCE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("branches after step 4, which source did not log");
  }

  @Test
  void lossOverAnotherRunComparesEqualTokensOnly() {
    RunHistory other = run("other", step(1, 1.0), evaluation(2, 4.5), evaluation(5, 2.0));
    assertThat(BRANCH.branchedFrom(SOURCE).lossOver(other)).isEqualTo(Map.of(20L, -0.25, 50L, 1.0));
  }

  @Test
  void onlyAColdGrowthHoldsReplicasBackAndOnlyInItsWindow() {
    assertThat(expertsInPlay("cold", 3)).isEqualTo(2);
    assertThat(expertsInPlay("cold", 1)).isEqualTo(5);
    assertThat(expertsInPlay("cold", 0)).isEqualTo(2);
    assertThat(expertsInPlay("lineage", 3)).isEqualTo(5);
  }

  @Test
  void readsARunDirectory() throws IOException {
    Files.writeString(directory.resolve("run.yaml"), "seed: 1\n");
    assertThatThrownBy(() -> RunHistory.read(directory)).hasMessageContaining("no such file");
    try (MetricsLog log = MetricsLog.create(directory.resolve(MetricsLog.FILE_NAME))) {
      assertThatThrownBy(() -> RunHistory.read(directory))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("no training step yet");
      SOURCE.events().forEach(log::append);
    }
    RunHistory run = RunHistory.read(directory);
    assertThat(run.configuration()).isEqualTo("seed: 1\n");
    assertThat(run.events()).isEqualTo(SOURCE.events());
    assertThat(run.finalEvaluation().meanLoss()).isEqualTo(3.5);
  }

  private static int expertsInPlay(String mode, long window) {
    return run("run", growth(1, mode, 2, 5, window), step(2, 0.2, 0.2, 0.2, 0.2, 0.2))
        .expertsInPlay();
  }
}
