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
