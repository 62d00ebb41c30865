package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.Unit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two dense models, whose blocks take turns as experts. */
class SeveralSourcesTest {

  private static final int MODELS = 2;
  private static final int MATRICES = 3;

  @TempDir Path folder;
  private List<Path> models;

  @BeforeEach
  void models() {
    models =
        List.of(
            DenseModels.llama(folder.resolve("first"), 12, 1),
            DenseModels.llama(folder.resolve("second"), 12, 2));
  }

  @Test
  void theOptimizerStateOfEachIsLeftOutByName() throws IOException {
    for (Path model : models) {
      GrowthExamples.addTrainingState(model);
    }
    try (PlannedUpcycle planned = plan("copy", 1)) {
      assertThat(planned.plan().leftOut())
          .containsKey("optimizer:model.norm.weight.exp_avg")
          .containsKey("optimizer[1]:model.norm.weight.exp_avg");
    }
  }

  /** A unit decomposes a matrix once for all of its lines. */
  @Test
  void eachMatrixIsDecomposedInOneUnit() {
    for (int granularity : List.of(1, 3)) {
      try (PlannedUpcycle planned = plan("svd", granularity)) {
        CopyDistances distances = CopyDistances.of(planned.plan()).orElseThrow();
        List<Unit> units = Unit.of(planned.plan().weights(), distances::lineage);
        assertThat(units.stream().flatMap(unit -> decomposed(unit).stream()))
            .doesNotHaveDuplicates()
            .hasSize(MATRICES * MODELS * DenseModels.LAYERS);
      }
    }
  }

  private static List<Formula> decomposed(Unit unit) {
    return unit.entries().stream()
        .flatMap(entry -> entry.formula().decomposed().stream())
        .distinct()
        .toList();
  }

  /** All of the shards together are what is not cut. */
  @Test
  void shardsAreAsFarApartAsTheirCopies() {
    SortedMap<String, Distances> whole = distances(1);
    SortedMap<String, Distances> cut = distances(3);
    assertThat(cut).containsOnlyKeys("gate", "up", "down");
    cut.forEach((matrix, distances) -> {
      Distances expected = Objects.requireNonNull(whole.get(matrix));
      assertThat(distances.fromBlock()).isCloseTo(expected.fromBlock(), within(1e-6));
      assertThat(distances.betweenCopies()).isCloseTo(expected.betweenCopies(), within(1e-6));
    });
  }

  private SortedMap<String, Distances> distances(int granularity) {
    try (PlannedUpcycle planned = plan("svd", granularity)) {
      return planned
          .execute(new Execution(2, Unfinished.REPLACE, Check.BYTES), Progress.NONE)
          .manifest()
          .realised()
          .orElseThrow()
          .matrices();
    }
  }

  private PlannedUpcycle plan(String init, int granularity) {
    return Upcycler.planDense(
        new DenseSources(models.stream().map(CheckpointSource::of).toList(), OptionalInt.of(0)),
        folder.resolve("moe" + granularity),
        DenseExamples.options(4, granularity, init),
        GrowthExamples.RUNNER,
        List.of());
  }
}
