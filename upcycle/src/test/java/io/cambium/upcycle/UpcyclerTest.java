package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.RUNNER;
import static io.cambium.upcycle.GrowthExamples.calibration;
import static io.cambium.upcycle.GrowthExamples.files;
import static io.cambium.upcycle.GrowthExamples.grow;
import static io.cambium.upcycle.GrowthExamples.of;
import static io.cambium.upcycle.GrowthExamples.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.HalfPrecision;
import io.cambium.upcycle.ledger.Neurons;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor;
import io.cambium.upcycle.plan.ModelSize;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Growth on real directories: what is written, byte by byte where it is a copy. */
class UpcyclerTest {

  private static final String LAYER = "model.layers.2.mlp.";
  private static final String BIAS = LAYER + "gate.e_score_correction_bias";

  @TempDir Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void source() throws IOException {
    source = TinyModels.glm4Moe().experts(3).topK(2).write(folder.resolve("source"));
    target = folder.resolve("grown");
    GrowthExamples.addTrainingState(source);
  }

  @Test
  void copiesExpertsAndRowsInTheOrderOfTheirParents() {
    grow(source, target, uneven(Mode.COLD).build());
    Map<String, float[]> before = weights(source);
    Map<String, float[]> after = weights(target);
    List<Integer> parents = List.of(0, 1, 2, 0, 2, 2);
    float[] bias = of(before, BIAS);
    for (int n = 0; n < 6; n++) {
      for (String part : List.of("gate_proj", "up_proj", "down_proj")) {
        assertThat(of(after, LAYER + "experts." + n + "." + part + ".weight"))
            .isEqualTo(of(before, LAYER + "experts." + parents.get(n) + "." + part + ".weight"));
      }
      assertThat(row(of(after, LAYER + "gate.weight"), n))
          .isEqualTo(row(of(before, LAYER + "gate.weight"), parents.get(n)));
      double holdBack = n < 3 ? 0 : Objects.requireNonNull(manifest().selection()).holdBack();
      assertThat(of(after, BIAS)[n]).isEqualTo((float) ((double) bias[parents.get(n)] - holdBack));
    }
    before.forEach((name, values) -> {
      if (!name.contains("gate.") && !name.contains(".experts.")) {
        assertThat(of(after, name)).isEqualTo(values);
      }
    });
  }

  @Test
  void noiseFallsOnReplicasBiasesAlone() {
    grow(source, target, uneven(Mode.FLAT).biasNoise(0.01).build());
    float[] before = of(weights(source), BIAS);
    float[] after = of(weights(target), BIAS);
    assertThat(List.of(after[0], after[1], after[2]))
        .containsExactly(before[0], before[1], before[2]);
    List<Integer> parents = List.of(0, 1, 2, 0, 2, 2);
    for (int n = 3; n < 6; n++) {
      assertThat(after[n])
          .isNotEqualTo(before[parents.get(n)])
          .isCloseTo(before[parents.get(n)], within(0.01f));
    }
    assertThat(after[4]).isNotEqualTo(after[5]);
  }

  @Test
  void dropRedrawsReplicasAndNothingElse() {
    grow(source, target, uneven(Mode.COLD).replicas("drop").replicaAmount(0.3).build());
    Map<String, float[]> before = weights(source);
    Map<String, float[]> after = weights(target);
    for (int n = 0; n < 6; n++) {
      int parent = List.of(0, 1, 2, 0, 2, 2).get(n);
      // 12 neurons, of which floor(0.3 * 12) = 3 are drawn anew, the same in all projections.
      List<Integer> expected =
          n < 3 ? List.of() : IntStream.of(new Neurons(0, 2, n, 12, 3).indices()).boxed().toList();
      assertThat(changedNeurons(before, after, "gate_proj", parent, n)).isEqualTo(expected);
      assertThat(changedNeurons(before, after, "up_proj", parent, n)).isEqualTo(expected);
      assertThat(changedNeurons(before, after, "down_proj", parent, n)).isEqualTo(expected);
    }
    assertThat(of(after, LAYER + "experts.4.gate_proj.weight"))
        .isNotEqualTo(of(after, LAYER + "experts.5.gate_proj.weight"));
  }

  private static List<Integer> changedNeurons(
      Map<String, float[]> before, Map<String, float[]> after, String part, int parent, int n) {
    float[] a = of(before, LAYER + "experts." + parent + "." + part + ".weight");
    float[] b = of(after, LAYER + "experts." + n + "." + part + ".weight");
    return IntStream.range(0, a.length)
        .filter(i -> a[i] != b[i])
        .map(i -> part.equals("down_proj") ? i % 12 : i / 24)
        .distinct()
        .sorted()
        .boxed()
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void carriesMomentsAlong(Moments moments) {
    grow(
        source,
        target,
        uneven(Mode.COLD).replicas("drop").replicaAmount(0.3).moments(moments).build());
    Map<String, float[]> before = GrowthExamples.moments(source);
    Map<String, float[]> after = GrowthExamples.moments(target);
    assertThat(after.keySet()).noneMatch(name -> name.contains("correction_bias"));
    for (int n = 0; n < 6; n++) {
      int parent = List.of(0, 1, 2, 0, 2, 2).get(n);
      int siblings = List.of(2, 1, 3).get(parent);
      List<Integer> cleared =
          n < 3 ? List.of() : IntStream.of(new Neurons(0, 2, n, 12, 3).indices()).boxed().toList();
      for (String moment : List.of(".exp_avg", ".exp_avg_sq")) {
        double factor =
            switch (moments) {
              case COPY -> 1;
              case RESET -> 0;
              case SCALE -> Math.pow(siblings, moment.equals(".exp_avg") ? -1 : -2);
            };
        String down = ".down_proj.weight" + moment;
        float[] expert = of(before, LAYER + "experts." + parent + down);
        float[] grown = of(after, LAYER + "experts." + n + down);
        for (int i = 0; i < expert.length; i++) {
          assertThat(grown[i])
              .isEqualTo(cleared.contains(i % 12) ? 0 : (float) (expert[i] * factor));
        }
        float[] row = row(of(before, LAYER + "gate.weight" + moment), parent);
        float[] grownRow = row(of(after, LAYER + "gate.weight" + moment), n);
        for (int k = 0; k < row.length; k++) {
          assertThat(grownRow[k]).isEqualTo((float) (row[k] * factor));
        }
        float[] embedding = of(after, "model.embed_tokens.weight" + moment);
        if (moments == Moments.RESET) {
          assertThat(embedding).containsOnly(0);
        } else {
          assertThat(embedding).isEqualTo(of(before, "model.embed_tokens.weight" + moment));
        }
      }
    }
    assertThat(target.resolve(SourceCheckpoint.TRAINER))
        .hasSameBinaryContentAs(source.resolve(SourceCheckpoint.TRAINER));
  }

  @Test
  void accountsForEveryTensor() {
    try (PlannedUpcycle growth =
        Upcycler.plan(
            CheckpointSource.of(source),
            target,
            uneven(Mode.LINEAGE).build(),
            RUNNER,
            calibration(),
            calibration())) {
      UpcyclePlan plan = growth.plan();
      assertThat(plan.weights()).extracting(e -> e.target().name()).doesNotHaveDuplicates();
      List<String> used =
          Stream.concat(plan.weights().stream(), plan.optimizer().stream())
              .flatMap(entry -> entry.formula().sources().stream())
              .map(SourceTensor::toString)
              .distinct()
              .toList();
      assertThat(used).contains("directions:layer.1.directions", "directions:layer.2.directions");
      assertThat(used)
          .filteredOn(name -> name.startsWith("weights:"))
          .hasSameSizeAs(weights(source).keySet());
      assertThat(used)
          .filteredOn(name -> name.startsWith("optimizer:"))
          .hasSameSizeAs(GrowthExamples.moments(source).keySet());
      assertThat(plan.leftOut()).isEmpty();
    }
    assertThat(target).doesNotExist();
  }

  @Test
  void theManifestNamesEveryParent() {
    UpcycleResult result = grow(source, target, uneven(Mode.LINEAGE).seed(5).build());
    Manifest manifest = manifest();
    assertThat(manifest.growth()).containsExactly(growth(result));
    assertThat(growth(result).parents())
        .isEqualTo(Map.of(1, List.of(0, 1, 2, 0, 2, 2), 2, List.of(0, 1, 2, 0, 2, 2)));
    assertThat(growth(result).step()).isEqualTo(123);
    assertThat(growth(result).seed()).isEqualTo(5);
    assertThat(manifest.selection())
        .isEqualTo(new Manifest.Selection(Manifest.Selection.Mode.LINEAGE, 0, null, 0));
    assertThat(manifest.sha256()).containsOnlyKeys("model.safetensors");
  }

  @Test
  void aGrownModelGrowsAgain() {
    grow(source, target, GrowthOptions.to(5).mode(Mode.FLAT).build());
    Path again = folder.resolve("again");
    grow(target, again, GrowthOptions.to(11).build());
    Manifest manifest = Manifest.read(again).orElseThrow();
    assertThat(manifest.growth()).extracting(Manifest.Growth::targetExperts).containsExactly(5, 11);
    assertThat(manifest.growth().getLast().parents().get(1))
        .containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0);
  }

  @Test
  void everyExpertKnowsItsFounder() {
    Path eight = TinyModels.glm4Moe().experts(8).topK(2).write(folder.resolve("eight"));
    grow(eight, target, GrowthOptions.to(12).mode(Mode.FLAT).build());
    grow(target, folder.resolve("twenty"), GrowthOptions.to(20).build());
    Manifest manifest = Manifest.read(folder.resolve("twenty")).orElseThrow();
    assertThat(manifest.growth()).extracting(Manifest.Growth::sourceExperts).containsExactly(8, 12);
    // Experts 8 to 11 descend from 0 to 3; the second step doubles 0 to 7 of the twelve.
    assertThat(manifest.founders())
        .containsOnlyKeys(1, 2)
        .containsEntry(1, List.of(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7));
  }

  @Test
  void sameSeedSameBytes() throws IOException {
    GrowthOptions options = uneven(Mode.LINEAGE).rows(Rows.SPLIT).build();
    grow(source, target, options);
    grow(source, folder.resolve("other"), options);
    assertThat(files(folder.resolve("other"))).usingRecursiveComparison().isEqualTo(files(target));
    grow(source, target, uneven(Mode.FLAT).overwrite(true).seed(1).build());
    grow(source, folder.resolve("other"), uneven(Mode.FLAT).overwrite(true).seed(2).build());
    assertThat(of(weights(target), BIAS)).isNotEqualTo(of(weights(folder.resolve("other")), BIAS));
  }

  @Test
  void theSourceStaysAndSideFilesGoAlong() throws IOException {
    for (String name :
        List.of("tokenizer.json", "generation_config.json", "README.md", "vocab.json")) {
      Files.writeString(source.resolve(name), name);
    }
    for (String name : List.of("modeling.py", "expected.safetensors", "pytorch_model.bin")) {
      Files.writeString(source.resolve(name), name);
    }
    Files.createDirectory(source.resolve("original"));
    Map<String, byte[]> before = files(source);
    try (PlannedUpcycle growth =
        Upcycler.plan(
            CheckpointSource.of(source),
            target,
            uneven(Mode.COLD).build(),
            RUNNER,
            List.of(),
            List.of())) {
      assertThat(growth.plan().leftOut())
          .containsOnlyKeys("modeling.py", "expected.safetensors", "pytorch_model.bin", "original");
      growth.execute((what, done, total) -> assertThat(done).isBetween(0L, total));
    }
    assertThat(files(source)).usingRecursiveComparison().isEqualTo(before);
    assertThat(files(target))
        .containsOnlyKeys(
            "README.md",
            "cambium.json",
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
            "training/optimizer.safetensors",
            "training/trainer.json",
            "vocab.json");
    assertThat(target.resolve("tokenizer.json")).hasContent("tokenizer.json");
  }

  @Test
  void keepsTheDirectionsBesideTheResult() {
    grow(source, target, uneven(Mode.LINEAGE).rows(Rows.SPLIT).rowDelta(0.3).build());
    float[] directions =
        of(GrowthExamples.tensors(target.resolve(Directions.FILE)), "layer.2.directions");
    float[] rows = of(weights(target), LAYER + "gate.weight");
    float[] w = row(of(weights(source), LAYER + "gate.weight"), 2);
    double norm = 0;
    for (float value : w) {
      norm += value * value;
    }
    for (int n : new int[] {2, 4, 5}) {
      for (int k = 0; k < w.length; k++) {
        assertThat((double) row(rows, n)[k])
            .isCloseTo(w[k] + 0.3 * Math.sqrt(norm) * row(directions, n)[k], within(1e-6));
      }
    }
    assertThat(row(directions, 1)).containsOnly(0);
  }

  @Test
  void keepsTheTypeOfTheWeightsAndTheBiasInFp32() {
    Path half = HalfPrecision.write(source, folder.resolve("half"));
    UpcycleResult result = grow(half, target, uneven(Mode.LINEAGE).rows(Rows.ANTITHETIC).build());
    try (CheckpointDirectory grown = CheckpointDirectory.open(target)) {
      assertThat(grown.spec(LAYER + "experts.5.up_proj.weight").dtype()).isEqualTo(DType.BF16);
      assertThat(grown.spec(LAYER + "gate.weight").dtype()).isEqualTo(DType.BF16);
      assertThat(grown.spec(BIAS).dtype()).isEqualTo(DType.F32);
    }
    assertThat(result.plan().warnings()).singleElement().asString().contains("router is BF16");
    assertThat(result.verification().why()).contains("rounded to BF16");
    grow(half, target, uneven(Mode.COLD).overwrite(true).build());
    assertThat(of(weights(target), LAYER + "experts.5.up_proj.weight"))
        .isEqualTo(of(weights(half), LAYER + "experts.2.up_proj.weight"));
  }

  @Test
  void describesItself() {
    try (PlannedUpcycle growth =
        Upcycler.plan(
            CheckpointSource.of(source),
            target,
            uneven(Mode.FLAT).moments(Moments.RESET).build(),
            RUNNER,
            List.of(),
            List.of())) {
      assertThat(growth.plan().describe())
          .contains(
              "Growing " + source + " into " + target,
              "3 -> 6 in each of 2 layers, top-2 stays",
              "layers 1 2: 2 1 3",
              "step 0      not exact: bias noise",
              "bias noise 0.001",
              "(moments are reset)");
      JsonNode json = Json.MAPPER.valueToTree(growth.plan());
      JsonNode router = json.path("weights").path(0);
      assertThat(router.path("target").path("name").stringValue())
          .isEqualTo("model.embed_tokens.weight");
      assertThat(router.path("formula").path("formula").stringValue()).isEqualTo("Copy");
      assertThat(router.path("formula").path("source").stringValue())
          .isEqualTo("weights:model.embed_tokens.weight");
      assertThat(json.path("stepZero").path("promise").stringValue()).isEqualTo("NotExact");
      assertThat(json.path("config").path("n_routed_experts").intValue()).isEqualTo(6);
    }
  }

  @Test
  void countsParameters() {
    try (PlannedUpcycle growth =
        Upcycler.plan(
            CheckpointSource.of(source),
            target,
            uneven(Mode.COLD).build(),
            RUNNER,
            List.of(),
            List.of())) {
      ModelSize before = growth.plan().figures().source();
      ModelSize after = growth.plan().figures().target();
      long all = weights(source).values().stream().mapToLong(v -> v.length).sum();
      assertThat(before.parameters()).isEqualTo(all);
      // Two layers, of whose three experts of 3 * 12 * 24 a token visits two.
      assertThat(before.activeParameters()).isEqualTo(all - 2 * 3 * 12 * 24);
      assertThat(before.bytes()).isEqualTo(4 * all);
      // Three more experts, router rows and biases in each layer.
      assertThat(after.parameters()).isEqualTo(all + 2 * 3 * (3 * 12 * 24 + 24 + 1));
      assertThat(after.activeParameters()).isEqualTo(before.activeParameters() + 2 * 3 * (24 + 1));
    }
  }

  private static GrowthOptions.Builder uneven(Mode mode) {
    return GrowthOptions.to(6).mode(mode).counts(new Counts.Everywhere(List.of(2, 1, 3)));
  }

  private Manifest manifest() {
    return Manifest.read(target).orElseThrow();
  }

  private static float[] row(float[] rows, int n) {
    return Arrays.copyOfRange(rows, n * 24, (n + 1) * 24);
  }

  private static Manifest.Growth growth(UpcycleResult result) {
    return result.plan().manifest().growth().getLast();
  }
}
