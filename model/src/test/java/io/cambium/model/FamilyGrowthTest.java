package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/**
 * Growth in every family that has experts: what is exact has the logits that transformers computed
 * for the source.
 */
class FamilyGrowthTest {

  private static final TorchRunner RUNNER = new TorchRunner();
  private static final float TOLERANCE = 2e-5f;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "deepseek_v2, 18",
    "deepseek_v2_groups, 12",
    "deepseek_v2_groups, 18",
    "dots1, 12",
    "ernie4_5_moe, 12",
    "ernie4_5_moe_shared, 18",
    "flex_olmo, 12",
    "glm4_moe, 12",
    "gpt_oss, 18",
    "granitemoe, 18",
    "hunyuan_v1_moe, 14",
    "minimax_m2, 12",
    "mixtral, 12",
    "mixtral-fused, 18",
    "mixtral-v4, 12",
    "olmoe, 18",
    "qwen2_moe, 12",
    "qwen2_moe_windows, 12",
    "qwen3_moe, 12",
    "qwen3_moe-fused, 18",
    "qwen3_moe-v4, 12"
  })
  void wide(String golden, int experts) {
    equalsTheSource(golden, GrowthOptions.to(experts).mode(Mode.WIDE));
  }

  @ParameterizedTest
  @CsvSource({
    "deepseek_v2, 9",
    "deepseek_v2, 12",
    "deepseek_v2_groups, 9",
    "deepseek_v2_groups, 18",
    "deepseek_v3, 10",
    "deepseek_v3, 16",
    "deepseek_v3_yarn, 12",
    "dots1, 13",
    "ernie4_5_moe, 12",
    "ernie4_5_moe_shared, 18",
    "flex_olmo, 7",
    "glm4_moe, 20",
    "gpt_oss, 8",
    "gpt_oss, 18",
    "granitemoe, 13",
    "hunyuan_v1_moe, 9",
    "llama4_text, 6",
    "llama4_text_chunks, 8",
    "minimax_m2, 8",
    "mixtral, 13",
    "mixtral-fused, 8",
    "olmoe, 8",
    "olmoe, 18",
    "qwen2_moe, 13",
    "qwen2_moe_windows, 8",
    "qwen3_moe, 13",
    "qwen3_moe-fused, 8"
  })
  void lineage(String golden, int experts) {
    equalsTheSource(
        golden, GrowthOptions.to(experts).mode(Mode.LINEAGE).rows(Rows.ANTITHETIC).rowDelta(0.6));
  }

  /** With replicas that would change the logits at once if any token chose one. */
  @ParameterizedTest
  @CsvSource({
    "deepseek_v3, 10",
    "deepseek_v3, 16",
    "deepseek_v3_yarn, 12",
    "deepseek_v3_yarn, 20",
    "dots1, 9",
    "ernie4_5_moe, 12",
    "ernie4_5_moe_shared, 18",
    "glm4_moe, 13",
    "glm4_moe-v4, 7",
    "minimax_m2, 20"
  })
  void cold(String golden, int experts) {
    equalsTheSource(golden, GrowthOptions.to(experts).replicas("drop"));
  }

  @ParameterizedTest
  @CsvSource({
    "deepseek_v2, 12, 1",
    "deepseek_v2_groups, 12, 1",
    "dots1, 12, 1",
    "ernie4_5_moe, 12, 1",
    "ernie4_5_moe_shared, 18, 1",
    "flex_olmo, 12, 1",
    "glm4_moe, 12, 1",
    "gpt_oss, 12, 1",
    "granitemoe, 12, 1",
    "minimax_m2, 12, 1",
    "mixtral-fused, 12, 1",
    "olmoe, 12, 1",
    "qwen2_moe, 12, 1",
    "qwen3_moe, 18, 1"
  })
  void flat(String golden, int experts, int topK) {
    UpcycleResult result = grow(golden, flat(experts));
    assertThat(result.plan().stepZero()).isEqualTo(new StepZero.SourceAtTopK(topK));
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
  }

  /** One expert per token, weighted by its own score: siblings tie, and either will do. */
  @Test
  void flatOfOneExpertPerToken() {
    equalsTheSource("llama4_text", flat(7));
  }

  @ParameterizedTest
  @CsvSource({
    "deepseek_v3, flat, 16, both of the places",
    "ernie4_5_moe, cold, 9, from token to token",
    "ernie4_5_moe, lineage, 9, from token to token",
    "ernie4_5_moe, flat, 9, from token to token",
    "llama4_text_chunks, flat, 8, on their inputs",
    "mixtral, flat, 9, some have more"
  })
  void measuresWhatIsNotExact(String golden, String mode, int experts, String reason) {
    UpcycleResult result =
        grow(
            golden,
            GrowthOptions.to(experts)
                .mode(Mode.valueOf(mode.toUpperCase(Locale.ROOT)))
                .rows(Rows.COPY)
                .biasNoise(0.0));
    assertThat(result.verification().word()).isEqualTo(Word.STRUCTURE_VERIFIED);
    assertThat(result.verification().why()).contains(reason);
    assertThat(Objects.requireNonNull(result.verification().fromSource()).largest())
        .isGreaterThan(1e-3);
  }

  @ParameterizedTest
  @CsvSource({
    "deepseek_v3, wide, 16, its two best experts, n_group = topk_group = 1",
    "llama4_text, wide, 8, a factor on their inputs, lineage",
    "mixtral, wide, 9, unequal counts, multiple of 6",
    "mixtral, cold, 12, selection bias, take mode lineage",
    "deepseek_v3, cold, 11, the 2 groups, multiple of 2"
  })
  void refuses(String golden, String mode, int experts, String what, String remedy) {
    GrowthOptions.Builder options =
        GrowthOptions.to(experts).mode(Mode.valueOf(mode.toUpperCase(Locale.ROOT)));
    assertThatThrownBy(() -> grow(golden, options))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(what)
        .hasMessageContaining(remedy);
    assertThat(folder.resolve("grown")).doesNotExist();
  }

  @Test
  void refusesNoiseWhereThereIsNoBias() {
    assertThatThrownBy(() -> grow("mixtral", GrowthOptions.to(12).mode(Mode.FLAT).biasNoise(1e-3)))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("bias-noise")
        .hasMessageContaining("set it to 0");
  }

  @Test
  void countsThatMakeUnequalGroupsAreRefused() {
    assertThatThrownBy(() ->
            grow(
                "deepseek_v3",
                GrowthOptions.to(10)
                    .counts(new Counts.Everywhere(List.of(3, 1, 1, 1, 1, 1, 1, 1)))))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("groups of [6, 4] experts");
  }

  /** A sigmoid's scores, not normalised, add up to m times as much, which the factor takes back. */
  @ParameterizedTest
  @ValueSource(strings = {"glm4_moe", "dots1"})
  void wideTakesTheFactorOfSigmoidsBack(String golden) {
    Path source = Goldens.unpack(golden, folder);
    edit(source, config -> config.put("norm_topk_prob", false));
    UpcycleResult result = grow(source, GrowthOptions.to(12).mode(Mode.WIDE));
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    double scale = result.plan().config().path("routed_scaling_factor").doubleValue();
    assertThat(scale).isEqualTo(golden.equals("dots1") ? 0.5 : 0.75);
  }

  /** Groups of which all are in play decide nothing, and need not divide the experts. */
  @Test
  void groupsThatAreAllInPlayBecomeOne() {
    Path source = Goldens.unpack("deepseek_v3", folder);
    edit(source, config -> config.put("topk_group", config.path("n_group").intValue()));
    UpcycleResult result = grow(source, GrowthOptions.to(9));
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    assertThat(result.plan().config().path("n_group").intValue()).isOne();
    assertThat(result.plan().config().path("topk_group").intValue()).isOne();
  }

  @Test
  void siblingsStayInTheirGroup() {
    grow("deepseek_v3", GrowthOptions.to(12));
    Manifest manifest = Manifest.read(folder.resolve("grown")).orElseThrow();
    List<Integer> parents = List.of(0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6, 7);
    assertThat(manifest.growth().getLast().parents().values()).containsOnly(parents);
    assertThat(manifest.growth().getLast().replicas(1)).containsExactly(1, 3, 7, 9);
  }

  /** As the source has its experts, so has the result: in tensors of the same names. */
  @ParameterizedTest
  @ValueSource(
      strings = {"gpt_oss", "granitemoe", "llama4_text", "mixtral-fused", "qwen3_moe-fused"})
  void packedExpertsStayPacked(String golden) {
    grow(golden, GrowthOptions.to(9).mode(Mode.LINEAGE).rows(Rows.COPY));
    assertThat(names(folder.resolve("grown"))).isEqualTo(names(folder.resolve(golden)));
  }

  private static Set<String> names(Path directory) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      return checkpoint.tensors().stream().map(ModelTensor::name).collect(Collectors.toSet());
    }
  }

  private static GrowthOptions.Builder flat(int experts) {
    return GrowthOptions.to(experts).mode(Mode.FLAT).biasNoise(0.0);
  }

  private void equalsTheSource(String golden, GrowthOptions.Builder options) {
    UpcycleResult result = grow(golden, options);
    assertThat(result.plan().stepZero()).isEqualTo(new StepZero.Exact());
    assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    Path expected = folder.resolve(golden).resolve(Goldens.EXPECTED);
    try (SafetensorsFile file = SafetensorsFile.open(expected)) {
      long[] ids = file.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      TokenIds tokens = new TokenIds(2, ids.length / 2, ids);
      assertThat(RUNNER.logits(folder.resolve("grown"), tokens, OptionalInt.empty(), DType.F32))
          .containsExactly(
              file.data("logits").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED), within(TOLERANCE));
    }
  }

  private UpcycleResult grow(String golden, GrowthOptions.Builder options) {
    return grow(Goldens.unpack(golden, folder), options);
  }

  private UpcycleResult grow(Path source, GrowthOptions.Builder options) {
    long[] ids = new long[4 * 64];
    Arrays.setAll(ids, i -> (i * 31L + i / 7) % 96);
    return Upcycler.grow(
        source,
        folder.resolve("grown"),
        options.seed(3).build(),
        RUNNER,
        List.of(new TokenIds(4, 64, ids)),
        Progress.NONE);
  }

  private static void edit(Path directory, Consumer<ObjectNode> change) {
    Path file = directory.resolve(CheckpointDirectory.CONFIG);
    ObjectNode config = Json.readObject(file);
    change.accept(config);
    try {
      Files.write(file, Json.bytes(config));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
