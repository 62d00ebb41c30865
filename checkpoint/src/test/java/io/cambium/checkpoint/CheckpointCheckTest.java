package io.cambium.checkpoint;

import static io.cambium.checkpoint.testing.Tampering.edit;
import static io.cambium.checkpoint.testing.Tampering.editWeightMap;
import static io.cambium.checkpoint.testing.Tampering.rewrite;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.FaultKind.Severity;
import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything that can be wrong with a directory: what a check says of it, and what opening does.
 */
class CheckpointCheckTest {

  private static final String FIRST = "model-00001-of-00003.safetensors";
  private static final String SECOND = "model-00002-of-00003.safetensors";
  private static final String LAST = "model-00003-of-00003.safetensors";
  private static final String NORM = "model.norm.weight";
  private static final String ROUTER = "model.layers.1.mlp.gate.weight";
  private static final String EXPERT = "model.layers.1.mlp.experts.2.up_proj.weight";

  /** Of the tokenizer's module, and of its test. */
  private static final Set<FaultKind> ELSEWHERE =
      EnumSet.of(FaultKind.TOKENIZER_DOES_NOT_FIT, FaultKind.UNREADABLE_TOKENIZER);

  @TempDir Path temporary;

  /**
   * A faulty directory.
   *
   * @param says a part of the finding
   * @param refused whether opening refuses it
   */
  private record Row(FaultKind kind, String says, boolean refused, Change change) {
    @Override
    public String toString() {
      return kind + ": " + says;
    }
  }

  private interface Change {
    void apply(Path directory) throws IOException;
  }

  private static Row refused(FaultKind kind, String says, Change change) {
    return new Row(kind, says, true, change);
  }

  private static Row opened(FaultKind kind, String says, Change change) {
    return new Row(kind, says, false, change);
  }

  private static Change config(Consumer<ObjectNode> change) {
    return directory -> edit(directory.resolve(CheckpointDirectory.CONFIG), change);
  }

  /** One file instead of three. */
  private static Change single(Change change) {
    return directory -> {
      StagedDirectory.deleteTree(directory);
      TinyModels.glm4Moe().write(directory);
      change.apply(directory);
    };
  }

  /** Drops, renames or retypes one tensor of the single file. */
  private static Change tensor(String name, Function<TensorSpec, Optional<TensorSpec>> change) {
    return single(directory ->
        rewrite(
            directory.resolve(CheckpointDirectory.SINGLE_FILE),
            spec -> spec.name().equals(name) ? change.apply(spec) : Optional.of(spec)));
  }

  private static Function<TensorSpec, Optional<TensorSpec>> to(DType type) {
    return spec -> Optional.of(new TensorSpec(spec.name(), type, spec.shape()));
  }

  static Stream<Row> rows() {
    return Stream.of(tensors(), index(), files(), config(), manifest()).flatMap(List::stream);
  }

  private static List<Row> tensors() {
    return List.of(
        refused(
            FaultKind.MISSING_TENSOR,
            ROUTER + " is missing",
            tensor(ROUTER, _ -> Optional.empty())),
        refused(
            FaultKind.MISSING_TENSOR, NORM + " is missing", tensor(NORM, _ -> Optional.empty())),
        refused(
            FaultKind.MISSING_EXPERT_TENSOR,
            EXPERT + " is missing",
            tensor(EXPERT, _ -> Optional.empty())),
        refused(
            FaultKind.UNEXPECTED_TENSOR,
            "model.extra.weight is unexpected",
            tensor(
                NORM,
                spec ->
                    Optional.of(new TensorSpec("model.extra.weight", DType.F32, spec.shape())))),
        refused(
            FaultKind.WRONG_SHAPE,
            NORM + " is [4, 6] where config.json needs [24]",
            tensor(NORM, spec -> Optional.of(new TensorSpec(NORM, spec.dtype(), List.of(4L, 6L))))),
        refused(FaultKind.WRONG_TYPE, NORM + " is F8_E4M3", tensor(NORM, to(DType.F8_E4M3))),
        opened(
            FaultKind.MIXED_TYPES, "BF16 (" + EXPERT + "), F32 (", tensor(EXPERT, to(DType.BF16))),
        refused(
            FaultKind.EXPERT_GAP,
            "model.layers.1.mlp.experts go up to 7, but there is no 2, 5, 6",
            single(directory ->
                rewrite(
                    directory.resolve(CheckpointDirectory.SINGLE_FILE),
                    spec ->
                        Optional.of(
                            new TensorSpec(
                                spec.name()
                                    .replace("layers.1.mlp.experts.2.", "layers.1.mlp.experts.7."),
                                spec.dtype(),
                                spec.shape()))))),
        refused(
            FaultKind.NO_HEAD_OF_UNTIED_MODEL,
            "lm_head.weight is missing",
            tensor("lm_head.weight", _ -> Optional.empty())));
  }

  private static List<Row> index() {
    return List.of(
        refused(
            FaultKind.UNMAPPED_TENSOR,
            "does not map \"" + NORM + "\"",
            directory -> editWeightMap(directory, map -> map.remove(NORM))),
        refused(
            FaultKind.PHANTOM_TENSOR,
            "maps \"phantom\" to " + FIRST + ", which does not hold it",
            directory -> editWeightMap(directory, map -> map.put("phantom", FIRST))),
        refused(
            FaultKind.WRONG_FILE,
            "which does not hold it; model-0000",
            directory ->
                editWeightMap(
                    directory,
                    map ->
                        map.put(NORM, map.get(NORM).stringValue().equals(FIRST) ? LAST : FIRST))),
        refused(
            FaultKind.OUTSIDE_DIRECTORY,
            "names a file outside the directory: \"../x\"",
            directory -> editWeightMap(directory, map -> map.put(NORM, "../x"))),
        refused(
            FaultKind.NO_INDEX_METADATA,
            "lacks the object \"metadata\"",
            directory ->
                edit(
                    directory.resolve(CheckpointDirectory.INDEX), json -> json.remove("metadata"))),
        refused(
            FaultKind.MALFORMED_INDEX,
            "lacks the object \"weight_map\"",
            directory ->
                edit(
                    directory.resolve(CheckpointDirectory.INDEX),
                    json -> json.remove("weight_map"))),
        opened(
            FaultKind.WRONG_TOTAL_SIZE,
            "says total_size 1, the tensors are",
            directory ->
                edit(
                    directory.resolve(CheckpointDirectory.INDEX),
                    json -> json.putObject("metadata").put("total_size", 1))));
  }

  private static List<Row> files() {
    return List.of(
        refused(
            FaultKind.MISSING_FILE,
            SECOND + " cannot be read: no such file",
            directory -> Files.delete(directory.resolve(SECOND))),
        refused(
            FaultKind.MALFORMED_FILE,
            LAST + " is truncated",
            directory -> {
              byte[] bytes = Files.readAllBytes(directory.resolve(LAST));
              Files.write(directory.resolve(LAST), Arrays.copyOf(bytes, bytes.length - 1));
            }),
        refused(
            FaultKind.TENSOR_IN_TWO_FILES,
            "names two files that hold",
            directory -> {
              Files.copy(directory.resolve(LAST), directory.resolve("copy"));
              editWeightMap(directory, map -> map.put("phantom", "copy"));
            }),
        opened(
            FaultKind.SINGLE_FILE_AND_INDEX,
            "holds model.safetensors beside model.safetensors.index.json",
            single(directory ->
                Files.writeString(directory.resolve(CheckpointDirectory.INDEX), "{}"))),
        opened(
            FaultKind.STALE_FILE,
            "model-old.safetensors is not one of the model's files",
            directory ->
                Files.copy(directory.resolve(LAST), directory.resolve("model-old.safetensors"))),
        refused(
            FaultKind.NO_WEIGHTS,
            "holds neither model.safetensors nor model.safetensors.index.json",
            directory -> {
              Files.delete(directory.resolve(CheckpointDirectory.INDEX));
              Files.writeString(directory.resolve("pytorch_model.bin"), "pickle");
            }));
  }

  private static List<Row> config() {
    return List.of(
        refused(
            FaultKind.UNREADABLE_CONFIG,
            "config.json cannot be read: no such file",
            directory -> Files.delete(directory.resolve(CheckpointDirectory.CONFIG))),
        refused(
            FaultKind.UNREADABLE_CONFIG,
            "lacks \"hidden_size\"",
            config(json -> json.remove("hidden_size"))),
        refused(
            FaultKind.QUANTIZATION_CONFIG,
            "\"quantization_config\" is {\"quant_method\":\"fp8\"}",
            config(json -> json.putObject("quantization_config").put("quant_method", "fp8"))),
        refused(
            FaultKind.WRONG_EXPERT_COUNT,
            ROUTER + " is [5, 24] where config.json needs [6, 24]",
            config(json -> json.put("n_routed_experts", 6))),
        refused(
            FaultKind.WRONG_SHAPE,
            "gate_proj.weight is [12, 24] where config.json needs [16, 24]",
            config(json -> json.put("moe_intermediate_size", 16))),
        refused(
            FaultKind.HEAD_OF_TIED_MODEL,
            "lm_head.weight is unexpected",
            config(json -> json.put("tie_word_embeddings", true))),
        refused(
            FaultKind.LESS_THAN_CONFIG,
            "config.json describes 131072 experts",
            config(json -> json.put("n_routed_experts", 65536))),
        refused(
            FaultKind.LESS_THAN_CONFIG,
            "tensors, but config.json describes 1999 layers",
            config(json -> json.put("num_hidden_layers", 1999))),
        opened(
            FaultKind.NO_ARCHITECTURE,
            "does not name Glm4MoeForCausalLM",
            config(json -> json.remove("architectures"))));
  }

  private static List<Row> manifest() {
    return List.of(
        refused(
            FaultKind.UNREADABLE_MANIFEST,
            "manifest of format 9",
            manifest(json -> json.put("format", 9))),
        opened(
            FaultKind.MANIFEST_DOES_NOT_FIT,
            "tells of 7 experts, layer 1 has 5",
            directory -> grown(directory, 1, 2)),
        opened(
            FaultKind.MANIFEST_DOES_NOT_FIT,
            "tells of experts in the layers [1], the model has them in [1, 2]",
            directory -> grown(directory, 1)),
        opened(
            FaultKind.MANIFEST_DOES_NOT_FIT,
            "has a checksum of other.safetensors, which is no file of the model",
            manifest(json -> json.withObject("/sha256").put("other.safetensors", "00"))),
        opened(
            FaultKind.MANIFEST_DOES_NOT_FIT,
            "has no checksum of " + LAST,
            manifest(json -> json.withObject("/sha256").remove(LAST))),
        opened(
            FaultKind.WRONG_CHECKSUM,
            LAST + " does not have the SHA-256",
            directory -> {
              byte[] bytes = Files.readAllBytes(directory.resolve(LAST));
              bytes[bytes.length - 1] ^= 1;
              Files.write(directory.resolve(LAST), bytes);
            }));
  }

  private static Change manifest(Consumer<ObjectNode> change) {
    return directory -> edit(directory.resolve(Manifest.FILE_NAME), change);
  }

  private static void grown(Path directory, int... layers) throws IOException {
    TreeMap<Integer, List<Integer>> parents = new TreeMap<>();
    for (int layer : layers) {
      parents.put(layer, List.of(0, 1, 2, 0, 1, 2, 0));
    }
    Growth growth = new Growth("flat", "copy", 0, 0, "copy", 0, "copy", 0, null, 3, 7, parents);
    Files.write(
        directory.resolve(Manifest.FILE_NAME), Json.bytes(Manifest.EMPTY.withGrowth(growth, null)));
  }

  private Path sharded() {
    return TinyModels.glm4Moe().sharded(40_000).write(temporary.resolve("model"));
  }

  private static CheckResult check(Path directory) {
    return CheckpointCheck.run(
        CheckpointSource.of(directory), List.of(CheckpointCheck.checksums(Progress.NONE)));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void namesTheFaultWithItsRemedy(Row row) throws IOException {
    Path directory = sharded();
    row.change.apply(directory);
    List<Fault> findings = check(directory).findings();
    assertThat(findings)
        .filteredOn(fault -> fault.kind() == row.kind)
        .anySatisfy(fault -> {
          assertThat(fault.place() + " " + fault.what()).contains(row.says);
          assertThat(fault.remedy()).isNotBlank();
        });
    assertThat(CheckpointCheck.run(CheckpointSource.of(directory), List.of()).findings())
        .as("headers alone")
        .hasSizeLessThanOrEqualTo(findings.size());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void openingThrowsItOrOpens(Row row) throws IOException {
    Path directory = sharded();
    row.change.apply(directory);
    if (row.refused) {
      assertThatThrownBy(() -> CheckpointDirectory.open(directory))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("\n  -> ");
    } else {
      assertThatCode(() -> CheckpointDirectory.open(directory).close()).doesNotThrowAnyException();
    }
  }

  @Test
  void everyKindHasARow() {
    assertThat(rows().map(Row::kind)).containsAll(EnumSet.complementOf(EnumSet.copyOf(ELSEWHERE)));
  }

  @Test
  void listsAllThatIsWrongInOneRun() throws IOException {
    Path directory = sharded();
    List<FaultKind> kinds =
        List.of(
            FaultKind.UNMAPPED_TENSOR,
            FaultKind.PHANTOM_TENSOR,
            FaultKind.NO_INDEX_METADATA,
            FaultKind.MISSING_FILE,
            FaultKind.STALE_FILE,
            FaultKind.QUANTIZATION_CONFIG,
            FaultKind.WRONG_EXPERT_COUNT,
            FaultKind.NO_ARCHITECTURE,
            FaultKind.UNREADABLE_MANIFEST);
    for (FaultKind kind : kinds) {
      rows().filter(row -> row.kind == kind).findFirst().orElseThrow().change.apply(directory);
    }
    CheckResult result = CheckpointCheck.run(CheckpointSource.of(directory), List.of());
    assertThat(result.findings().stream().map(Fault::kind)).containsAll(kinds);
    assertThat(result.files()).isEqualTo(2);
    assertThat(result.count(Severity.WARNING)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mixtral", "mixtral-fused", "gpt_oss", "granitemoe", "llama_llama3rope_tied"})
  void whatTransformersWroteHasNoFault(String golden) {
    assertThat(check(Goldens.unpack(golden, temporary)).findings()).isEmpty();
  }

  @Test
  void whatCambiumWroteHasNoFault() {
    CheckResult result = check(sharded());
    assertThat(result.findings()).isEmpty();
    assertThat(result.files()).isEqualTo(3);
  }

  /** Weights that would run code: never opened, wherever they lie. */
  @Test
  void picklesAreNotRead() throws IOException {
    Path directory = sharded();
    Files.writeString(directory.resolve("pytorch_model.bin"), "pickle");
    assertThat(check(directory).findings()).isEmpty();
    editWeightMap(directory, map -> map.put(NORM, "pytorch_model.bin"));
    assertThatThrownBy(() -> CheckpointDirectory.open(directory))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("pytorch_model.bin")
        .hasMessageContaining("too short for a header");
  }

  @Test
  void readsChecksumsWithProgressInBytes() {
    Path directory = sharded();
    List<Long> done = Collections.synchronizedList(new ArrayList<>());
    Progress progress = (_, bytes, total) -> done.add(total - bytes);
    CheckpointCheck.run(
        CheckpointSource.of(directory), List.of(CheckpointCheck.checksums(progress)));
    assertThat(done).hasSize(4).contains(0L);
  }
}
