package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.grow;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each mode promises of the grown model's first step, against the routing written anew. */
class StepZeroTest {

  private static final double TIGHT = 2e-6;

  @TempDir Path folder;
  private Path source;

  @BeforeEach
  void source() {
    source = TinyModels.glm4Moe().experts(5).topK(2).write(folder.resolve("source"));
  }

  @ParameterizedTest
  @CsvSource({
    "COPY, 10, 0",
    "COPY, 7, 0",
    "ANTITHETIC, 10, 0.6",
    "ANTITHETIC, 13, 2",
    "SPLIT, 10, 0.3",
    "SPLIT, 20, 0.6",
    "SPLIT, 13, 2"
  })
  void lineageIsExact(Rows rows, int experts, double delta) {
    GrowthOptions.Builder options = GrowthOptions.to(experts).mode(Mode.LINEAGE).rows(rows);
    UpcycleResult result = exact(rows == Rows.COPY ? options : options.rowDelta(delta));
    assertThat(result.plan().warnings()).hasSize(rows == Rows.COPY ? 1 : 0);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"PERTURB_NEW", "ORTHOGONAL", "INTERPOLATE"})
  void lineageIsExactForUnequalCounts(Rows rows) {
    exact(
        GrowthOptions.to(11)
            .mode(Mode.LINEAGE)
            .rows(rows)
            .counts(new Counts.Everywhere(List.of(1, 4, 2, 1, 3))));
  }

  @ParameterizedTest
  @ValueSource(ints = {6, 10, 13, 32})
  void coldIsExact(int experts) {
    exact(GrowthOptions.to(experts));
    assertThat(selection().mode()).isEqualTo(Manifest.Selection.Mode.COLD);
    assertThat(selection().ownLogit()).isEqualTo(1);
  }

  @Test
  void coldIsExactForUnequalCountsRedrawnReplicasAndNoise() {
    exact(
        GrowthOptions.to(11)
            .replicas("drop")
            .biasNoise(0.25)
            .counts(new Counts.Everywhere(List.of(1, 4, 2, 1, 3))));
  }

  @Test
  void aHeldBackReplicaIsNeverChosen() {
    exact(GrowthOptions.to(11).replicas("drop"));
    List<InputMoments> seen =
        GrowthExamples.RUNNER.inputMoments(folder.resolve("grown"), GrowthExamples.calibration());
    assertThat(seen).filteredOn(m -> m.expert() >= 5).allMatch(m -> m.tokens() == 0).hasSize(12);
    assertThat(seen).filteredOn(m -> m.expert() < 5).allMatch(m -> m.tokens() > 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 15})
  void wideIsExact(int experts) {
    exact(GrowthOptions.to(experts).mode(Mode.WIDE));
    try (CheckpointDirectory grown = CheckpointDirectory.open(folder.resolve("grown"))) {
      assertThat(grown.config().requirePositiveInt("num_experts_per_tok"))
          .isEqualTo(2 * experts / 5);
      assertThat(grown.manifest().selection()).isNull();
    }
  }

  @Test
  void wideDividesWeightsThatAreNotNormalised() {
    Configs.edit(source, config -> config.put("norm_topk_prob", false));
    exact(GrowthOptions.to(15).mode(Mode.WIDE));
    try (CheckpointDirectory grown = CheckpointDirectory.open(folder.resolve("grown"))) {
      assertThat(grown.config().doubleOr("routed_scaling_factor", 0)).isEqualTo(0.5);
    }
  }

  @Test
  void flatEqualsTheSourceWithFewerExpertsPerToken() {
    UpcycleResult result =
        grow(
            source,
            folder.resolve("grown"),
            GrowthOptions.to(10).mode(Mode.FLAT).biasNoise(0.0).build());
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    assertThat(result.verification().why()).contains("top-1");
    assertThat(fromPromise(result).largest()).isLessThan(TIGHT);
    assertThat(Objects.requireNonNull(result.verification().fromSource()).largest())
        .isGreaterThan(0.05);
    assertThat(Objects.requireNonNull(result.verification().fromSource()).kl()).isGreaterThan(1e-3);
    TokenIds ids = GrowthExamples.calibration().getFirst();
    assertThat(
            GrowthExamples.RUNNER.logits(
                folder.resolve("grown"), ids, OptionalInt.empty(), DType.F32))
        .containsExactly(
            GrowthExamples.RUNNER.logits(source, ids, OptionalInt.of(1), DType.F32),
            org.assertj.core.api.Assertions.within((float) TIGHT));
  }

  @Test
  void flatIsExactForOneExpertPerToken() {
    source = TinyModels.glm4Moe().experts(3).topK(1).write(folder.resolve("single"));
    exact(
        GrowthOptions.to(7)
            .mode(Mode.FLAT)
            .biasNoise(0.0)
            .counts(new Counts.Everywhere(List.of(1, 2, 4))));
  }

  @Test
  void otherwisePromisesNothingAndMeasures() {
    promisesNothing(GrowthOptions.to(10).mode(Mode.FLAT), "bias noise");
    promisesNothing(GrowthOptions.to(11).mode(Mode.FLAT).biasNoise(0.0), "some have more");
    promisesNothing(GrowthOptions.to(15).mode(Mode.FLAT).biasNoise(0.0), "unevenly");
    promisesNothing(GrowthOptions.to(10).mode(Mode.FLAT).rows(Rows.SPLIT), "rows differ");
    promisesNothing(GrowthOptions.to(10).mode(Mode.WIDE).replicas("drop"), "replicas that differ");
    Configs.edit(source, config -> config.put("norm_topk_prob", false));
    promisesNothing(GrowthOptions.to(10).mode(Mode.FLAT).biasNoise(0.0), "not normalised");
  }

  private void promisesNothing(GrowthOptions.Builder options, String reason) {
    UpcycleResult result = grow(source, folder.resolve("grown"), options.overwrite(true).build());
    assertThat(result.verification().word()).isEqualTo(Word.STRUCTURE_VERIFIED);
    assertThat(result.verification().why()).contains(reason);
    assertThat(result.verification().fromPromise()).isNull();
    assertThat(Objects.requireNonNull(result.verification().fromSource()).largest())
        .isGreaterThan(1e-3);
  }

  private UpcycleResult exact(GrowthOptions.Builder options) {
    UpcycleResult result = grow(source, folder.resolve("grown"), options.build());
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    assertThat(result.verification().why()).startsWith("exact");
    assertThat(fromPromise(result).largest()).isLessThan(TIGHT);
    assertThat(fromPromise(result).largestLogit()).isGreaterThan(1);
    assertThat(fromPromise(result).tokens()).isEqualTo(2 * 70);
    return result;
  }

  private static LogitDifference fromPromise(UpcycleResult result) {
    return Objects.requireNonNull(result.verification().fromPromise());
  }

  private Manifest.Selection selection() {
    Manifest manifest = Manifest.read(folder.resolve("grown")).orElseThrow();
    return Objects.requireNonNull(manifest.selection());
  }
}
