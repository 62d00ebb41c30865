package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/** Walks the registry and complains about what a family lacks. */
class FamiliesTest {

  @TempDir Path temporary;

  static List<String> goldens() {
    return Goldens.ALL;
  }

  static List<Family> all() {
    return Families.ALL;
  }

  /** Names, shapes and places of all tensors are those that transformers wrote. */
  @ParameterizedTest
  @MethodSource("goldens")
  void describesTheGolden(String golden) {
    try (CheckpointDirectory directory =
        CheckpointDirectory.open(Goldens.unpack(golden, temporary))) {
      Set<String> described =
          directory.tensors().stream().map(ModelTensor::name).collect(Collectors.toSet());
      directory.files().values().forEach(file -> described.removeAll(file.tensors().keySet()));
      assertThat(described).isEmpty();
    }
  }

  @Test
  void everyFamilyHasAGolden() {
    Set<String> witnessed =
        Goldens.ALL.stream()
            .map(golden -> config(Goldens.unpack(golden, temporary)).modelType())
            .collect(Collectors.toSet());
    assertThat(all()).extracting(Family::modelType).containsExactlyInAnyOrderElementsOf(witnessed);
  }

  /** What is spelled out for other engines is what the file said already. */
  @ParameterizedTest
  @MethodSource("goldens")
  void spellsOutWhatIsMeant(String golden) {
    ObjectNode config = Goldens.config(golden);
    Family family = Families.named(config.path("model_type").asString());
    ObjectNode spelled = family.spelledOut(config);
    Path file = Path.of("config.json");
    assertThat(family.decoder(new ModelConfig(file, spelled)))
        .isEqualTo(family.decoder(new ModelConfig(file, config)));
    assertThat(family.spelledOut(spelled)).isEqualTo(spelled);
  }

  @Test
  void routersWithASelectionBiasSayHowTheyChoose() {
    for (String golden : List.of("dots1", "deepseek_v3", "glm4_moe", "minimax_m2")) {
      ObjectNode spelled = Families.named(golden).spelledOut(Goldens.config(golden));
      assertThat(spelled.path("scoring_func").asString()).as(golden).isEqualTo("sigmoid");
      assertThat(spelled.path("topk_method").asString()).as(golden).isEqualTo("noaux_tc");
    }
  }

  @Test
  void groupsThatAreAllInPlayAreOne() {
    Family family = Families.named("deepseek_v3");
    ObjectNode all = Goldens.config("deepseek_v3").put("n_group", 2).put("topk_group", 2);
    assertThat(family.spelledOut(all).path("n_group").intValue()).isEqualTo(1);
    assertThat(family.spelledOut(all).path("topk_group").intValue()).isEqualTo(1);
    ObjectNode some = Goldens.config("deepseek_v3");
    assertThat(family.spelledOut(some).get("n_group")).isEqualTo(some.get("n_group"));
  }

  @Test
  void ropesAreInBothStyles() {
    ObjectNode spelled = Families.named("gpt_oss").spelledOut(Goldens.config("gpt_oss"));
    assertThat(spelled.path("rope_theta").doubleValue()).isEqualTo(150_000);
    assertThat(spelled.path("rope_scaling").path("factor").doubleValue()).isEqualTo(32);
    assertThat(spelled.path("rope_scaling").has("rope_theta")).isFalse();
    assertThat(spelled.path("rope_parameters").path("rope_theta").doubleValue()).isEqualTo(150_000);
  }

  private static ModelConfig config(Path golden) {
    Path file = golden.resolve("config.json");
    return new ModelConfig(file, Json.readObject(file));
  }

  /** Pieces of one tensor on disk cover it without overlap. */
  @ParameterizedTest
  @MethodSource("goldens")
  void piecesFillTheirTensors(String golden) {
    ModelConfig config = config(Goldens.unpack(golden, temporary));
    Family family = Families.of(config);
    family.tensors(family.decoder(config)).stream()
        .collect(Collectors.groupingBy(ModelTensor::name))
        .forEach((name, pieces) -> {
          long elements =
              pieces.getFirst().piece().whole().stream().reduce(1L, Math::multiplyExact);
          assertThat(pieces.stream().mapToLong(ModelTensor::elements).sum())
              .as(name)
              .isEqualTo(elements);
        });
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void anotherNumberOfExpertsIsFoundAgain(String golden) {
    ModelConfig config = config(Goldens.unpack(golden, temporary));
    Family family = Families.of(config);
    DecoderSpec spec = family.decoder(config);
    if (spec.mixtureLayers().isEmpty()) {
      assertThat(family.expertKeys()).isNull();
      assertThatThrownBy(() -> family.withExperts(config.json(), 2))
          .isInstanceOf(UsageException.class);
      return;
    }
    int experts = spec.mixture(spec.mixtureLayers().getFirst()).experts();
    ObjectNode changed = family.withTopK(family.withExperts(config.json(), 2 * experts), 1);
    DecoderSpec grown = family.decoder(new ModelConfig(config.file(), changed));
    Mixture mixture = grown.mixture(grown.mixtureLayers().getFirst());
    assertThat(mixture.experts()).isEqualTo(2 * experts);
    assertThat(mixture.topK()).isEqualTo(1);
  }

  /**
   * The fields of transformers' classes (5.23) and what their {@code attribute_map} adds to them.
   */
  @ParameterizedTest
  @CsvSource({
    "deepseek_v2, n_routed_experts num_experts, num_experts_per_tok",
    "deepseek_v3, n_routed_experts num_local_experts, num_experts_per_tok",
    "dots1, n_routed_experts num_local_experts, num_experts_per_tok",
    "ernie4_5_moe, moe_num_experts num_experts, moe_k num_experts_per_tok",
    "flex_olmo, num_experts num_local_experts, num_experts_per_tok",
    "glm4_moe, n_routed_experts num_local_experts, num_experts_per_tok",
    "gpt_oss, num_local_experts num_experts, num_experts_per_tok",
    "granitemoe, num_local_experts, num_experts_per_tok",
    "hunyuan_v1_moe, num_experts num_local_experts, moe_topk num_experts_per_tok",
    "llama4_text, num_local_experts, num_experts_per_tok",
    "minimax_m2, num_local_experts num_experts, num_experts_per_tok",
    "mixtral, num_local_experts num_experts, num_experts_per_tok",
    "olmoe, num_experts num_local_experts, num_experts_per_tok",
    "qwen2_moe, num_experts, num_experts_per_tok",
    "qwen3_moe, num_experts num_local_experts, num_experts_per_tok"
  })
  void everyNameOfTheExpertsIsReadAndWritten(String type, String count, String topK) {
    ModelConfig config = config(Goldens.unpack(type, temporary));
    Family family = Families.named(type);
    DecoderSpec spec = family.decoder(config);
    Mixture mixture = spec.mixture(spec.mixtureLayers().getFirst());
    for (String name : count.split(" ")) {
      assertThat(family.decoder(only(config, count, name, mixture.experts()))).isEqualTo(spec);
    }
    for (String name : topK.split(" ")) {
      assertThat(family.decoder(only(config, topK, name, mixture.topK()))).isEqualTo(spec);
    }
    ObjectNode all = config.json();
    List.of((count + " " + topK).split(" ")).forEach(all::putNull);
    ObjectNode written = family.withTopK(family.withExperts(all, 12), 3);
    assertThat(count.split(" ")).allMatch(name -> written.get(name).intValue() == 12);
    assertThat(topK.split(" ")).allMatch(name -> written.get(name).intValue() == 3);
  }

  private static ModelConfig only(ModelConfig config, String names, String name, int value) {
    ObjectNode json = config.json();
    json.remove(List.of(names.split(" ")));
    return new ModelConfig(config.file(), json.put(name, value));
  }

  @Test
  void namesThatContradictEachOtherAreRefused() {
    ModelConfig config = config(Goldens.unpack("ernie4_5_moe", temporary));
    ObjectNode json = config.json().put("moe_k", 2).put("num_experts_per_tok", 3);
    assertThatThrownBy(() -> Families.of(config).decoder(new ModelConfig(config.file(), json)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(
            "\"moe_k\" is 2, but \"num_experts_per_tok\", another name for it, is 3");
  }

  /** Its factors are fewer than the pairs of whole heads, which are all that Mixtral knows. */
  @Test
  void aPartialLongRopeFindsItsFamily() {
    DecoderSpec phi = decoder(config(Goldens.unpack("phi3_longrope_long", temporary)));
    assertThatThrownBy(() -> newConfig("mixtral", phi))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("short_factor");
    ObjectNode config = newConfig("glm4_moe", phi);
    assertThat(config.path("original_max_position_embeddings").intValue()).isEqualTo(4);
    assertThat(config.path("rope_scaling").path("long_factor").size()).isEqualTo(4);
  }

  private static DecoderSpec decoder(ModelConfig config) {
    return Families.of(config).decoder(config);
  }

  private static ObjectNode newConfig(String modelType, DecoderSpec dense) {
    Family family = Families.named(modelType);
    MixtureForm form = Objects.requireNonNull(family.mixtureForm());
    Mixture mixture = new Mixture(3, 2, 72, 0, form.router());
    DecoderSpec spec =
        new DecoderSpec(
            dense.vocabSize(),
            dense.hiddenSize(),
            dense.tiedEmbeddings(),
            dense.norms(),
            dense.scales(),
            dense.layers().stream().map(l -> new Layer(l.attention(), mixture)).toList());
    return family.newConfig(spec, 64);
  }

  @Test
  void namesAreUniqueAndInOrder() {
    assertThat(all()).extracting(Family::modelType).doesNotHaveDuplicates();
    assertThat(all()).extracting(f -> f.getClass().getSimpleName()).isSorted();
    assertThat(Families.NOT_RUN)
        .doesNotContainKeys(all().stream().map(Family::modelType).toArray(String[]::new));
  }

  @Test
  void aFamilyThatIsNotRunIsRefusedWithTheReason() {
    assertThatThrownBy(() -> Families.of(ofType("gpt2")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("learned positions");
    assertThatThrownBy(() -> Families.named("gemma2"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("softcaps")
        .hasMessageContaining("nearest family that it runs is gemma;");
  }

  /** Each refusal is one sentence. */
  @Test
  void everyReasonEndsTheSentence() {
    assertThat(Families.NOT_RUN)
        .allSatisfy((type, reason) ->
            assertThatThrownBy(() -> Families.of(ofType(type)))
                .hasMessageContaining(
                    "config.json: model_type \"%s\" is known to Cambium, which does not run it: it has "
                            .formatted(type)
                        + reason)
                .hasMessageNotContaining("it has its"))
        .allSatisfy((type, reason) -> assertThat(reason).matches("[A-Za-z][^.:]*"));
  }

  @Test
  void anUnknownFamilyIsRefusedWithTheNearest() {
    assertThatThrownBy(() -> Families.of(ofType("mixtrall")))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("\"mixtrall\" is not known")
        .hasMessageContaining("nearest family that it runs is mixtral;");
  }

  private static ModelConfig ofType(String type) {
    return new ModelConfig(
        Path.of("config.json"), Json.MAPPER.createObjectNode().put("model_type", type));
  }
}
