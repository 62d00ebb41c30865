package io.cambium.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.cambium.training.config.ModelSizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The experiments that ship as examples. */
class RecipesTest {

  private static final Path FOLDER = Path.of("..", "examples", "lab");

  /** Of a checkpoint that is there, not of sizes: too long for more seeds than one. */
  private static final String REAL_MODEL = "real-model.yaml";

  @TempDir private Path out;

  static List<Path> recipes() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .filter(file -> !file.endsWith("base.yaml") && !file.endsWith(REAL_MODEL))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void arePlannedAndHaveBothBaselinesForEachGrowth(Path recipe) {
    ExperimentPlan plan = ExperimentPlan.of(Experiment.read(recipe), out);
    assertThat(plan.experiment().seeds()).hasSizeGreaterThanOrEqualTo(3);
    assertThat(plan.steps()).as("sources are shared").isLessThan(plan.unsharedSteps());
    for (ArmSettings arm : plan.experiment().arms()) {
      ModelSizes sizes = Objects.requireNonNull(arm.sizes());
      assertThat(sizes.config(1000).get("vocab_size").asInt()).isEqualTo(1000);
      if (arm.growth() != null) {
        assertThat(plan.fixedE(arm)).as(arm.name()).isPresent();
        assertThat(plan.fixedmE(arm)).as(arm.name()).isPresent();
      }
    }
  }

  @Test
  void theRealModelIsPlannedDenseWithExpertsAndGrown() {
    ExperimentPlan plan = ExperimentPlan.of(Experiment.read(FOLDER.resolve(REAL_MODEL)), out);
    assertThat(plan.steps()).as("sources are shared").isLessThan(plan.unsharedSteps());
    assertThat(plan.experiment().arms())
        .extracting(arm -> arm.upcycle() != null, arm -> arm.growth() != null)
        .containsExactly(tuple(false, false), tuple(true, false), tuple(true, true));
  }
}
