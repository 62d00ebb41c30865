package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.upcycle.PlannedUpcycle;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.RouterInitialisation;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models made of dense ones: where experts, routers and other weights come from. */
class DenseOriginsTest {

  private static final int WIDTH = 21;
  private static final TorchRunner RUNNER = new TorchRunner();

  @TempDir Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void source() {
    source = DenseModels.llama(folder.resolve("source"), WIDTH, 3);
    target = folder.resolve("target");
  }

  @ParameterizedTest
  @CsvSource({
    "copy, normal, 1",
    "permute, normal, 1",
    "permute, normal, 7",
    "partition, centroid, 3",
    "copy, centroid, 1",
    "copy, hash, 1",
    "permute, hash, 1"
  })
  void keepsTheFunction(String init, String router, int granularity) {
    UpcycleResult result = upcycle(options(init, router, 3, granularity, 1), source);
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"duplicate-noise", "drop", "drop-independent", "subset", "svd", "random"})
  void saysThatItChangesTheFunctionAndHowFarCopiesAreApart(String init) {
    UpcycleResult result = upcycle(options(init, "normal", 3, 1, 1), source);
    assertThat(result.verification().word()).isEqualTo(Word.STRUCTURE_VERIFIED);
    assertThat(Objects.requireNonNull(result.verification().fromSource()).largest())
        .isGreaterThan(1e-4);
    Realised realised = realised();
    assertThat(realised.layers()).containsExactly(0, 1);
    assertThat(realised.matrices()).containsOnlyKeys("gate", "up", "down");
    assertThat(result.describe()).contains("copies: down ", "% of weights changed");
    Distances gate = Objects.requireNonNull(realised.matrices().get("gate"));
    switch (init) {
      // sigma and sqrt(2) sigma, as the mean of the weights is 0; sums over 3 x 2 x 504 draws.
      case "duplicate-noise" -> {
        assertThat(gate.fromBlock()).isCloseTo(0.01, within(5 * 0.01 / Math.sqrt(2 * 3024)));
        assertThat(gate.betweenCopies()).isCloseTo(0.0141, within(5 * 0.01 / Math.sqrt(2 * 2016)));
        assertThat(gate.changed()).isGreaterThan(0.99);
      }
      case "drop", "drop-independent" -> assertThat(gate.changed()).isEqualTo(10.0 / WIDTH);
      case "subset" -> {
        assertThat(gate.changed()).isEqualTo(2.0 / 3);
        assertThat(gate.fromBlock()).isCloseTo(Math.sqrt(2.0 / 3), within(1e-6));
      }
      // At most sqrt(2 (1 - share)) on average.
      case "svd" -> assertThat(gate.fromBlock()).isBetween(0.1, Math.sqrt(0.2) * 1.5);
      default -> assertThat(gate.fromBlock()).isCloseTo(Math.sqrt(2), within(0.1));
    }
  }

  @Test
  void aDryRunMeasuresOneLayerAndWritesNothing() {
    try (PlannedUpcycle planned =
        plan(DenseSources.of(source), options("drop", "normal", 3, 1, 1))) {
      assertThat(planned.measured().describe()).contains("(measured in layer 0 alone)");
      assertThat(planned.plan().describe()).doesNotContain("measured");
    }
    assertThat(target).doesNotExist();
    try (PlannedUpcycle planned =
        plan(DenseSources.of(source), options("copy", "normal", 3, 1, 1))) {
      assertThat(planned.measured()).isSameAs(planned.plan());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"duplicate-noise", "svd", "permute"})
  void sameSeedSameBytes(String init) throws IOException {
    upcycle(options(init, "centroid", 3, 1, 5), source);
    byte[] first = Files.readAllBytes(target.resolve("model.safetensors"));
    target = folder.resolve("again");
    upcycle(options(init, "centroid", 3, 1, 5), source);
    assertThat(target.resolve("model.safetensors")).hasBinaryContent(first);
    target = folder.resolve("other");
    upcycle(options(init, "centroid", 3, 1, 6), source);
    assertThat(Files.readAllBytes(target.resolve("model.safetensors"))).isNotEqualTo(first);
  }

  /** The inputs' means come from another path: moments of a converted model's experts. */
  @Test
  void centroidsPointToTheirDomains() {
    DenseOptions options = options("copy", "centroid", 3, 1, 1);
    upcycle(options, source);
    List<List<TokenIds>> domains = List.copyOf(domains().sequencedValues());
    Path all = folder.resolve("all");
    try (PlannedUpcycle planned =
        Upcycler.planDense(DenseSources.of(source), all, everyExpert(), RUNNER, List.of())) {
      planned.execute(Progress.NONE);
    }
    for (int layer = 0; layer < DenseModels.LAYERS; layer++) {
      double[][] means_ED = new double[3][];
      for (int e = 0; e < 3; e++) {
        means_ED[e] = inputMean(all, domains.get(e), layer);
      }
      float[] rows_ED = floats(target, Part.ROUTER, layer, ModelTensor.NONE);
      for (int e = 0; e < 3; e++) {
        double[] expected_D = new double[DenseModels.HIDDEN];
        double squares = 0;
        for (int d = 0; d < expected_D.length; d++) {
          expected_D[d] = means_ED[e][d] - (means_ED[0][d] + means_ED[1][d] + means_ED[2][d]) / 3;
          squares += expected_D[d] * expected_D[d];
        }
        double scale = 0.02 * Math.sqrt(DenseModels.HIDDEN / squares);
        for (int d = 0; d < expected_D.length; d++) {
          assertThat((double) rows_ED[e * DenseModels.HIDDEN + d])
              .isCloseTo(scale * expected_D[d], within(1e-6));
        }
      }
    }
  }

  /** Nobody can run the mean of several models before it is written. */
  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void centroidsOfSeveralModelsFollowTheirTrunk(int base) {
    Path other = DenseModels.llama(folder.resolve("other"), WIDTH, 4);
    DenseSources sources =
        sources(base < 0 ? OptionalInt.empty() : OptionalInt.of(base), source, other);
    try (PlannedUpcycle planned = plan(sources, options("copy", "centroid", 2, 1, 1))) {
      assertThat(planned.plan().describe().contains("mean of what the blocks of all 2 models"))
          .isEqualTo(base < 0);
      planned.execute(Progress.NONE);
    }
    List<Path> trunk = base < 0 ? List.of(source, other) : List.of(base == 0 ? source : other);
    List<List<TokenIds>> domains = List.copyOf(domains().sequencedValues()).subList(0, 2);
    double[] expected_D = new double[DenseModels.HIDDEN];
    for (Path model : trunk) {
      List<SortedMap<Integer, double[]>> means = RUNNER.blockInputMeans(model, domains);
      double[] first_D = Objects.requireNonNull(means.getFirst().get(1));
      double[] second_D = Objects.requireNonNull(means.getLast().get(1));
      Arrays.setAll(expected_D, d -> expected_D[d] + first_D[d] - second_D[d]);
    }
    double length = Math.sqrt(Arrays.stream(expected_D).map(x -> x * x).sum());
    double scale = 0.02 * Math.sqrt(DenseModels.HIDDEN) / length;
    float[] rows_ED = floats(target, Part.ROUTER, 1, ModelTensor.NONE);
    for (int d = 0; d < expected_D.length; d++) {
      assertThat((double) rows_ED[d]).isCloseTo(scale * expected_D[d], within(1e-6));
    }
  }

  private static double[] inputMean(Path model, List<TokenIds> domain, int layer) {
    return RUNNER.inputMoments(model, domain).stream()
        .filter(moments -> moments.layer() == layer && moments.tokens() > 0)
        .map(InputMoments::mean_D)
        .findFirst()
        .orElseThrow();
  }

  /** Two experts, both always chosen. */
  private DenseOptions everyExpert() {
    return options("copy", "normal", 2, 1, 1);
  }

  @Test
  void routersThatCannotBeAreRefused() {
    refused(() -> router("zero"), "zero", "same experts");
    refused(() -> router("cosine"), "there are normal, centroid, hash");
    refused(() -> options("copy", "hash", 3, 3, 1), "hash", "--granularity");
    refused(
        () -> upcycle(options("copy", "centroid", 4, 1, 1), source),
        "each of 4 copies, and --data has 3: code, law, prose");
    assertThat(target).doesNotExist();
  }

  @Test
  void onlyThisProgramRoutesByHash() {
    UpcycleResult result = upcycle(options("copy", "hash", 3, 1, 9), source);
    assertThat(result.plan().describe())
        .contains("only Cambium chooses experts by token id")
        .contains("transformers5: no: it chooses experts by token id, engines by plain top-K");
    Manifest manifest = Manifest.read(target).orElseThrow();
    assertThat(manifest.selection()).isEqualTo(Manifest.Selection.hash(9));
    assertThat(manifest.hasHuggingFaceForm()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void severalSourcesGiveExpertsInTurn(int base) {
    Path other = DenseModels.llama(folder.resolve("other"), WIDTH, 4);
    DenseSources sources =
        sources(base < 0 ? OptionalInt.empty() : OptionalInt.of(base), source, other);
    UpcycleResult result;
    try (PlannedUpcycle planned = plan(sources, options("copy", "normal", 3, 1, 1))) {
      result = planned.execute(Progress.NONE);
    }
    assertThat(result.verification().why()).isEqualTo("the sources differ");
    assertThat(result.plan().describe())
        .contains("compared    with the logits of source 0, " + source);
    assertThat(result.verification().describe())
        .contains("nothing is promised of them, since the sources differ")
        .contains("\n  from source 0, " + source + ": logits differ");
    for (int expert = 0; expert < 3; expert++) {
      assertThat(floats(target, Part.EXPERT_UP, 1, expert))
          .isEqualTo(floats(expert == 1 ? other : source, Part.DENSE_UP, 1, ModelTensor.NONE));
    }
    float[] first = floats(source, Part.EMBEDDING, ModelTensor.NONE, ModelTensor.NONE);
    float[] second = floats(other, Part.EMBEDDING, ModelTensor.NONE, ModelTensor.NONE);
    float[] written = floats(target, Part.EMBEDDING, ModelTensor.NONE, ModelTensor.NONE);
    for (int i = 0; i < written.length; i++) {
      float mean = (float) (((double) first[i] + second[i]) / 2);
      assertThat(written[i]).isEqualTo(base < 0 ? mean : base == 0 ? first[i] : second[i]);
    }
    assertThat(Manifest.read(target).orElseThrow().sparse())
        .extracting(Manifest.SparseUpcycling::sources)
        .isEqualTo(List.of("llama", "llama"));
    assertThat(realised().matrices().get("up"))
        .satisfies(distances -> assertThat(distances.betweenCopies()).isGreaterThan(1));
  }

  @Test
  void equalSourcesAreExact() {
    Path same = DenseModels.llama(folder.resolve("same"), WIDTH, 3);
    DenseSources sources = sources(OptionalInt.empty(), source, same);
    try (PlannedUpcycle planned = plan(sources, options("copy", "normal", 2, 1, 1))) {
      assertThat(planned.execute(Progress.NONE).verification().word()).isEqualTo(Word.VERIFIED);
    }
  }

  @Test
  void sourcesOfOtherKindsAreRefused() throws IOException {
    Path wider = DenseModels.llama(folder.resolve("wider"), WIDTH + 1, 3);
    refuseSources(wider, 2, "wider", "intermediateSize 22, but 21");
    Path other = DenseModels.llama(folder.resolve("other"), WIDTH, 4);
    Files.writeString(other.resolve("tokenizer.json"), "{}");
    refuseSources(other, 2, "another tokenizer.json");
    Files.delete(other.resolve("tokenizer.json"));
    refuseSources(source, 2, "one model twice");
    Path third = DenseModels.llama(folder.resolve("third"), WIDTH, 5);
    refused(
        () ->
            plan(
                sources(OptionalInt.empty(), source, other, third),
                options("copy", "normal", 2, 1, 1)),
        "2 copies leave some of 3 sources without one");
    refused(() -> sources(OptionalInt.of(2), source, other), "2 is none of 2 sources");
  }

  private static DenseSources sources(OptionalInt base, Path... models) {
    return new DenseSources(Stream.of(models).map(CheckpointSource::of).toList(), base);
  }

  private void refuseSources(Path other, int copies, String... words) {
    refused(
        () ->
            plan(
                sources(OptionalInt.empty(), source, other),
                options("copy", "normal", copies, 1, 1)),
        words);
  }

  private static void refused(Runnable work, String... words) {
    assertThatThrownBy(work::run).isInstanceOf(UsageException.class).hasMessageContainingAll(words);
  }

  private UpcycleResult upcycle(DenseOptions options, Path from) {
    try (PlannedUpcycle planned = plan(DenseSources.of(from), options)) {
      return planned.execute(Progress.NONE);
    }
  }

  private PlannedUpcycle plan(DenseSources sources, DenseOptions options) {
    return Upcycler.planDense(sources, target, options, RUNNER, List.of());
  }

  private DenseOptions options(String init, String router, int copies, int granularity, long seed) {
    RouterInitialisation rows = router(router);
    return new DenseOptions(
        copies,
        2,
        granularity,
        LayerChoice.ALL,
        false,
        ExpertInitialisations.named(init, Parameters.DEFAULT),
        rows,
        Optional.empty(),
        DenseOptions.defaultEngines(rows),
        seed,
        false);
  }

  private static RouterInitialisation router(String name) {
    return RouterInitialisations.named(name, null, domains());
  }

  /** Three domains of few tokens each. */
  private static SequencedMap<String, List<TokenIds>> domains() {
    SequencedMap<String, List<TokenIds>> domains = new LinkedHashMap<>();
    for (String name : List.of("code", "law", "prose")) {
      long[] ids = new long[2 * 9];
      Arrays.setAll(ids, i -> (i * (long) name.length() + name.charAt(0)) % 23);
      domains.put(name, List.of(new TokenIds(2, 9, ids)));
    }
    return domains;
  }

  private Realised realised() {
    return Objects.requireNonNull(
        Objects.requireNonNull(Manifest.read(target).orElseThrow().sparse()).realised());
  }

  private static float[] floats(Path model, Part part, int layer, int expert) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      ModelTensor tensor =
          checkpoint.tensors().stream()
              .filter(t -> t.part() == part && t.layer() == layer && t.expert() == expert)
              .findFirst()
              .orElseThrow();
      return Floats.read(checkpoint.data(tensor.name()), DType.F32);
    }
  }
}
