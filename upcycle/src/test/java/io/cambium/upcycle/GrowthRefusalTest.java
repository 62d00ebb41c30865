package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.files;
import static io.cambium.upcycle.GrowthExamples.grow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.VerificationException;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What growth refuses, and that it then leaves nothing behind. */
class GrowthRefusalTest {

  private static final GrowthOptions TO_SEVEN = GrowthOptions.to(7).build();

  @TempDir Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void source() {
    source = TinyModels.glm4Moe().experts(3).topK(2).write(folder.resolve("source"));
    target = folder.resolve("grown");
  }

  @Test
  void optionsThatDoNotFitTheModel() {
    refusedUsage(GrowthOptions.to(3).build()).hasMessageContaining("no more than the 3");
    refusedUsage(GrowthOptions.to(7).mode(Mode.WIDE).build()).hasMessageContaining("multiple of 3");
    refusedUsage(GrowthOptions.to(7).replicas("drop").replicaAmount(0.01).build())
        .hasMessageContaining("0.01 redraws none of 12 neurons")
        .hasMessageContaining("give at least 0.08334");
    refusedUsage(GrowthOptions.to(7).counts(new Counts.Everywhere(List.of(2, 2, 2))).build())
        .hasMessageContaining("add up to 6");
  }

  @Test
  void splitRowsWithoutTokens() {
    GrowthOptions options = GrowthOptions.to(7).mode(Mode.LINEAGE).rows(Rows.SPLIT).build();
    assertThatThrownBy(() ->
            Upcycler.grow(source, target, options, GrowthExamples.RUNNER, List.of(), Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--data");
  }

  @Test
  void anExistingTargetAndTheSourceItself() throws IOException {
    Files.createDirectory(target);
    Files.writeString(target.resolve("precious"), "x");
    assertThatThrownBy(() -> grow(source, target, TO_SEVEN))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--overwrite");
    assertThat(target.resolve("precious")).exists();
    GrowthOptions overwrite = GrowthOptions.to(7).overwrite(true).build();
    Map<String, byte[]> before = files(source);
    for (Path place : List.of(source, folder, source.resolve("inside"))) {
      assertThatThrownBy(() -> grow(source, place, overwrite))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("the source");
    }
    assertThat(files(source)).usingRecursiveComparison().isEqualTo(before);
    grow(source, target, overwrite);
    assertThat(target.resolve("precious")).doesNotExist();
  }

  @Test
  void aModelWhoseEarlierGrowthIsNotReleased() {
    grow(source, target, TO_SEVEN);
    assertThatThrownBy(() -> grow(target, folder.resolve("again"), GrowthOptions.to(9).build()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("middle of the release")
        .hasMessageContaining("train it to the end");
  }

  @Test
  void aModelThatRoutesByTokenId() throws IOException {
    Manifest hashed = Manifest.EMPTY.withSelection(Manifest.Selection.hash(1));
    Files.write(source.resolve(Manifest.FILE_NAME), Json.bytes(hashed));
    assertThatThrownBy(() -> grow(source, target, TO_SEVEN))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("by token id");
  }

  @Test
  void layersThatRouteDifferently() {
    source = Goldens.unpack("hunyuan_v1_moe", folder);
    Configs.edit(source, config -> config.putArray("moe_topk").add(3).add(1).add(3));
    refused(source, CheckpointException.class)
        .hasMessageContaining("has layers that route differently")
        .hasMessageContaining("topK=1");
  }

  @Test
  void aDamagedSource() throws IOException {
    grow(source, target, GrowthOptions.to(7).mode(Mode.FLAT).build());
    Path weights = target.resolve("model.safetensors");
    flipLastBit(weights);
    refused(target, CheckpointException.class)
        .hasMessageContaining(weights.toString())
        .hasMessageContaining("SHA-256");
    Files.delete(weights);
    refused(target, CheckpointException.class).hasMessageContaining(target.toString());
  }

  private static void flipLastBit(Path file) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 1);
      int last = bytes.read();
      bytes.seek(bytes.length() - 1);
      bytes.write(last ^ 1);
    }
  }

  @Test
  void anOptimizerThatDoesNotBelongToTheWeights() throws IOException {
    GrowthExamples.addTrainingState(source);
    Path optimizer = source.resolve(SourceCheckpoint.OPTIMIZER);
    addTensor(optimizer, "model.norm.weight.momentum");
    refused(source, CheckpointException.class)
        .hasMessageContaining("optimizer:model.norm.weight.momentum")
        .hasMessageContaining("no place");
    Files.delete(optimizer);
    refused(source, CheckpointException.class).hasMessageContaining("without the other");
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(
            optimizer,
            List.of(new TensorSpec("model.norm.weight.exp_avg", DType.F32, List.of(24L))),
            Map.of())) {
      writer.write("model.norm.weight.exp_avg", Floats.write(new float[24], DType.F32));
    }
    refused(source, CheckpointException.class)
        .hasMessageContaining("lacks \"model.embed_tokens.weight.exp_avg\"");
  }

  /** Rewrites a file with one more tensor. */
  private static void addTensor(Path file, String name) {
    Path rewritten = file.resolveSibling("rewritten.safetensors");
    try (SafetensorsFile old = SafetensorsFile.open(file)) {
      List<TensorSpec> specs = new ArrayList<>();
      old.tensors().values().forEach(entry -> specs.add(entry.spec()));
      specs.add(new TensorSpec(name, DType.F32, List.of(2L)));
      try (SafetensorsWriter writer = SafetensorsWriter.create(rewritten, specs, Map.of())) {
        old.tensors().keySet().forEach(tensor -> writer.write(tensor, old.data(tensor)));
        writer.write(name, Floats.write(new float[2], DType.F32));
      }
    }
    try {
      Files.delete(file);
      Files.move(rewritten, file);
      Files.deleteIfExists(file.resolveSibling("cambium.json"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A runner whose results are not what was promised, as far as it computes in such a type. */
  private ModelRunner wrong(Set<DType> types) {
    return new NoRunner() {
      @Override
      public float[] logits(Path directory, TokenIds ids, OptionalInt topK, DType compute) {
        float[] logits = GrowthExamples.RUNNER.logits(directory, ids, topK, compute);
        boolean isWrong = types.contains(compute) && !directory.equals(source);
        logits[logits.length - 1] += isWrong ? 1e-3f : 0;
        return logits;
      }
    };
  }

  @Test
  void aResultThatDoesNotComputeWhatWasPromised() {
    ModelRunner wrong = wrong(Set.of(DType.F32, DType.F64));
    assertThatThrownBy(
            () -> Upcycler.grow(source, target, TO_SEVEN, wrong, List.of(), Progress.NONE))
        .isInstanceOf(VerificationException.class)
        .hasMessageContaining("differ by up to")
        .hasMessageContaining("exact: the logits equal the source's");
    assertThat(target).doesNotExist();
    assertThat(folder.resolve("grown.partial").resolve("model.safetensors")).exists();
  }

  @Test
  void roundingIsToldFromAMistake() {
    UpcycleResult result =
        Upcycler.grow(source, target, TO_SEVEN, wrong(Set.of(DType.F32)), List.of(), Progress.NONE);
    assertThat(result.verification().word()).isEqualTo(Verification.Word.VERIFIED);
    assertThat(result.verification().describe())
        .contains("computed in fp64, since rounding adds up in fp32: there, logits differ by")
        .contains("0.001");
  }

  private AbstractThrowableAssert<?, ?> refusedUsage(GrowthOptions options) {
    AbstractThrowableAssert<?, ?> refusal =
        assertThatThrownBy(() -> grow(source, target, options)).isInstanceOf(UsageException.class);
    requireNothingLeft(target);
    return refusal;
  }

  private AbstractThrowableAssert<?, ?> refused(Path from, Class<? extends Exception> type) {
    Path to = folder.resolve("refused");
    AbstractThrowableAssert<?, ?> refusal =
        assertThatThrownBy(() -> grow(from, to, GrowthOptions.to(9).build())).isInstanceOf(type);
    requireNothingLeft(to);
    return refusal;
  }

  private static void requireNothingLeft(Path place) {
    assertThat(place).doesNotExist();
    assertThat(place.resolveSibling(place.getFileName() + ".partial")).doesNotExist();
  }
}
