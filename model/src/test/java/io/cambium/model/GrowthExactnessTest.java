package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.growth.replica.ReplicaInitialisations;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole model before and after growing, logit by logit. */
class GrowthExactnessTest {

  private static final float TOLERANCE = 1e-5f;
  private static final int VOCABULARY = 61;
  private static final List<Integer> UNEVEN = List.of(1, 4, 2, 1, 7, 1, 3, 1);
  private static final TorchRunner RUNNER = new TorchRunner();

  @TempDir Path folder;
  private Path source;
  private Path grown;

  @BeforeEach
  void source() {
    source =
        TinyModels.glm4Moe().vocab(VOCABULARY).experts(8).topK(2).write(folder.resolve("source"));
    grown = folder.resolve("grown");
  }

  @ParameterizedTest
  @CsvSource({
    "COPY, 32, 0",
    "COPY, 20, 0",
    "ANTITHETIC, 32, 0.6",
    "ANTITHETIC, 20, 2",
    "SPLIT, 32, 0.6",
    "SPLIT, 20, 0.3",
    "SPLIT, 32, 10"
  })
  void lineageEqualsTheSource(Rows rows, int experts, double delta) {
    equalsTheSource(
        GrowthOptions.to(experts)
            .mode(Mode.LINEAGE)
            .rows(rows)
            .rowDelta(rows == Rows.COPY ? null : Double.valueOf(delta)));
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"PERTURB_NEW", "ORTHOGONAL", "INTERPOLATE"})
  void lineageEqualsTheSourceForUnequalCounts(Rows rows) {
    equalsTheSource(
        GrowthOptions.to(20).mode(Mode.LINEAGE).rows(rows).counts(new Counts.Everywhere(UNEVEN)));
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 20, 32})
  void coldEqualsTheSource(int experts) {
    equalsTheSource(GrowthOptions.to(experts));
  }

  static List<String> replicas() {
    return ReplicaInitialisations.names();
  }

  @ParameterizedTest
  @MethodSource("replicas")
  void coldEqualsTheSourceForUnequalCounts(String replicas) {
    equalsTheSource(GrowthOptions.to(20).replicas(replicas).counts(new Counts.Everywhere(UNEVEN)));
  }

  @ParameterizedTest
  @EnumSource(names = {"PERTURB_NEW", "ORTHOGONAL", "INTERPOLATE"})
  void coldEqualsTheSourceWithRowsOfTheReplicasOwn(Rows rows) {
    equalsTheSource(GrowthOptions.to(20).rows(rows));
  }

  /** Two for each token where siblings tie, and none where one stands for all. */
  @Test
  void countsTokensThatChooseSiblings() {
    assertThat(grow(GrowthOptions.to(16).mode(Mode.FLAT).biasNoise(0.0)).describe())
        .contains("sibling co-selection: 1.000 of tokens");
    assertThat(grow(GrowthOptions.to(24).mode(Mode.LINEAGE).overwrite(true)).describe())
        .contains("sibling co-selection: 0.000 of tokens");
    Double flat =
        grow(GrowthOptions.to(24).mode(Mode.FLAT).rows(Rows.SPLIT).overwrite(true))
            .verification()
            .siblingCoselection();
    assertThat(flat).isBetween(0.05, 0.95);
  }

  @Test
  void wideEqualsTheSource() {
    equalsTheSource(GrowthOptions.to(24).mode(Mode.WIDE));
  }

  /** 8 -> 32 would be 2 / 4 lineages for each token: the oracle needs m to divide K. */
  @Test
  void flatEqualsTheSourceWithHalfTheExpertsPerToken() {
    grow(GrowthOptions.to(16).mode(Mode.FLAT).biasNoise(0.0));
    assertThat(logits(grown)).containsExactly(logits(source, OptionalInt.of(1)), within(TOLERANCE));
    assertThat(largestDifference(logits(grown), logits(source))).isGreaterThan(0.01);
  }

  @Test
  void plainTopKOfSplitRowsIsAnotherFunction() {
    grow(GrowthOptions.to(32).mode(Mode.FLAT).rows(Rows.SPLIT));
    assertThat(largestDifference(logits(grown), logits(source))).isGreaterThan(0.01);
  }

  private void equalsTheSource(GrowthOptions.Builder options) {
    UpcycleResult result = grow(options);
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    assertThat(logits(grown)).containsExactly(logits(source), within(TOLERANCE));
  }

  private UpcycleResult grow(GrowthOptions.Builder options) {
    UpcycleResult result =
        Upcycler.grow(source, grown, options.seed(3).build(), RUNNER, calibration(), Progress.NONE);
    assertThat(Manifest.read(grown).orElseThrow().growth())
        .usingRecursiveFieldByFieldElementComparatorIgnoringFields("realised")
        .isEqualTo(result.plan().manifest().growth());
    return result;
  }

  private static List<TokenIds> calibration() {
    return List.of(tokens("calibration.0"), tokens("calibration.1"));
  }

  /** Enough that every expert is chosen. */
  private static TokenIds tokens(String name) {
    CounterRandom random = CounterRandom.of(1, name);
    long[] ids = new long[4 * 80];
    Arrays.setAll(ids, i -> (long) (random.uniform(i) * VOCABULARY));
    return new TokenIds(4, 80, ids);
  }

  private static float[] logits(Path directory) {
    return logits(directory, OptionalInt.empty());
  }

  private static float[] logits(Path directory, OptionalInt topK) {
    return RUNNER.logits(directory, tokens("comparison"), topK, DType.F32);
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
