package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.of;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Neurons;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Growth of experts that share tensors, seen from the tensors on disk. */
class PackedGrowthTest {

  /** The logits are the model module's to compare. */
  private static final ModelRunner SILENT =
      new NoRunner() {
        @Override
        public float[] logits(Path directory, TokenIds ids, OptionalInt topK, DType compute) {
          return new float[ids.ids().length * 96];
        }
      };

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "gpt_oss, 6, mlp.experts, 6",
    "granitemoe, 6, block_sparse_moe, 2",
    "llama4_text, 4, feed_forward.experts, 2",
    "mixtral-fused, 6, mlp.experts, 2"
  })
  void anExpertsSharesAreThoseOfItsParent(String golden, int experts, String within, int expected)
      throws IOException {
    Path source = Goldens.unpack(golden, folder);
    GrowthExamples.addTrainingState(source);
    Path target = grow(source, GrowthOptions.to(experts + 3).mode(Mode.LINEAGE).rows(Rows.COPY));
    Set<String> compared = new TreeSet<>();
    compared.addAll(compare(tensors(source), tensors(target), experts, within));
    assertThat(compared).isNotEmpty();
    Set<String> moments =
        compare(GrowthExamples.moments(source), GrowthExamples.moments(target), experts, within);
    assertThat(moments).hasSize(2 * compared.size()).hasSizeGreaterThanOrEqualTo(expected);
  }

  /** Nobody asked for noise, and the router has no place for it. */
  @Test
  void flatTakesNoNoiseWithoutASelectionBias() throws IOException {
    Path source = Goldens.unpack("granitemoe", folder);
    GrowthExamples.addTrainingState(source);
    Path target = grow(source, GrowthOptions.to(7).mode(Mode.FLAT));
    assertThat(Manifest.read(target).orElseThrow().growth().getLast().biasNoise()).isZero();
    assertThatThrownBy(
            () -> grow(source, GrowthOptions.to(7).mode(Mode.FLAT).biasNoise(1e-3).overwrite(true)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("bias-noise");
  }

  private static Set<String> compare(
      Map<String, float[]> before, Map<String, float[]> after, int experts, String within) {
    Set<String> packed =
        before.keySet().stream()
            .filter(name -> name.contains(within + ".") && !name.contains("router"))
            .collect(Collectors.toSet());
    for (String name : packed) {
      float[] old = of(before, name);
      float[] grown = of(after, name);
      int each = old.length / experts;
      assertThat(grown).hasSize((experts + 3) * each);
      for (int n = 0; n < experts + 3; n++) {
        assertThat(Arrays.copyOfRange(grown, n * each, (n + 1) * each))
            .isEqualTo(Arrays.copyOfRange(old, n % experts * each, (n % experts + 1) * each));
      }
    }
    return packed;
  }

  /** gpt-oss: gate and up in alternating columns [D, 2F], down transposed [F, D]. */
  @Test
  void dropFindsTheNeuronsOfInterleavedColumns() throws IOException {
    Path source = Goldens.unpack("gpt_oss", folder);
    GrowthExamples.addTrainingState(source);
    Path target =
        grow(
            source,
            GrowthOptions.to(7)
                .mode(Mode.FLAT)
                .biasNoise(0.0)
                .replicas("drop")
                .moments(Moments.SCALE));
    Map<String, float[]> before = tensors(source);
    Map<String, float[]> after = tensors(target);
    String experts = "model.layers.0.mlp.experts.";
    int width_F = of(before, experts + "gate_up_proj_bias").length / 6 / 2;
    int size_D = of(before, experts + "down_proj_bias").length / 6;
    int[] redrawn = new Neurons(0, 0, 6, width_F, width_F / 2).indices();
    Set<Integer> pairs =
        Arrays.stream(redrawn)
            .flatMap(i -> IntStream.of(2 * i, 2 * i + 1))
            .boxed()
            .collect(Collectors.toSet());
    Set<Integer> single = Arrays.stream(redrawn).boxed().collect(Collectors.toSet());
    int columns = 2 * width_F;
    assertThat(changed(before, after, experts + "gate_up_proj", i -> i % columns)).isEqualTo(pairs);
    assertThat(changed(before, after, experts + "gate_up_proj_bias", i -> i)).isEqualTo(pairs);
    assertThat(changed(before, after, experts + "down_proj", i -> i / size_D)).isEqualTo(single);
    assertThat(changed(before, after, experts + "down_proj_bias", i -> i)).isEmpty();
    Map<String, float[]> moments = GrowthExamples.moments(target);
    float[] first = of(moments, experts + "down_proj.exp_avg");
    float[] parents = of(GrowthExamples.moments(source), experts + "down_proj.exp_avg");
    int each = width_F * size_D;
    for (int i = 0; i < each; i++) {
      float halved = parents[i] / 2;
      assertThat(first[i]).isEqualTo(halved);
      assertThat(first[6 * each + i]).isEqualTo(single.contains(i / size_D) ? 0 : halved);
    }
  }

  private interface Place {
    int of(int index);
  }

  /** Where the seventh expert differs from the first, its parent. */
  private static Set<Integer> changed(
      Map<String, float[]> before, Map<String, float[]> after, String name, Place place) {
    float[] old = of(before, name);
    float[] grown = of(after, name);
    int each = old.length / 6;
    return IntStream.range(0, each)
        .filter(i -> old[i] != grown[6 * each + i])
        .map(place::of)
        .boxed()
        .collect(Collectors.toSet());
  }

  @Test
  void aLayerThatPredictsFurtherTokensIsLeftOut() {
    Path source = Goldens.unpack("glm4_moe", folder);
    Path weights = source.resolve("model.safetensors");
    String behind = "model.layers." + layers(source) + ".";
    addTensors(weights, List.of(behind + "enorm.weight", behind + "mlp.experts.0.up_proj.weight"));
    try (PlannedUpcycle growth =
        Upcycler.plan(
            CheckpointSource.of(source),
            folder.resolve("grown"),
            GrowthOptions.to(9).build(),
            SILENT,
            List.of(),
            List.of())) {
      assertThat(growth.plan().leftOut())
          .containsEntry(
              "weights:" + behind + "enorm.weight",
              "a layer that predicts further tokens does not grow");
      assertThat(growth.plan().warnings()).anyMatch(w -> w.contains("num_nextn_predict_layers"));
      assertThat(growth.plan().config().path("num_nextn_predict_layers").intValue()).isZero();
      growth.execute(Progress.NONE);
    }
    assertThat(tensors(folder.resolve("grown")).keySet()).noneMatch(n -> n.startsWith(behind));
  }

  private static int layers(Path source) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(source)) {
      return checkpoint.decoder().layers().size();
    }
  }

  /** Rewrites a file with some more tensors. */
  private static void addTensors(Path file, List<String> names) {
    Path rewritten = file.resolveSibling("rewritten.safetensors");
    try (SafetensorsFile old = SafetensorsFile.open(file)) {
      TensorSpec like = old.tensors().values().iterator().next().spec();
      List<TensorSpec> specs = new ArrayList<>();
      old.tensors().values().forEach(entry -> specs.add(entry.spec()));
      names.forEach(name -> specs.add(new TensorSpec(name, like.dtype(), like.shape())));
      try (SafetensorsWriter writer = SafetensorsWriter.create(rewritten, specs, Map.of())) {
        old.tensors().keySet().forEach(name -> writer.write(name, old.data(name)));
        names.forEach(name -> writer.write(name, old.data(like.name())));
      }
      Files.move(rewritten, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path grow(Path source, GrowthOptions.Builder options) {
    Path target = folder.resolve("grown");
    Upcycler.grow(source, target, options.build(), SILENT, List.of(), Progress.NONE);
    assertThat(target.resolve(SourceCheckpoint.OPTIMIZER)).exists();
    return target;
  }

  private static Map<String, float[]> tensors(Path directory) {
    return new TreeMap<>(GrowthExamples.tensors(directory.resolve("model.safetensors")));
  }
}
