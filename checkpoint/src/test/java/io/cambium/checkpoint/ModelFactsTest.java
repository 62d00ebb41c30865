package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.ModelFacts.Layers;
import io.cambium.checkpoint.ModelFacts.Lineages;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.ParameterCounts;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFactsTest {

  @TempDir Path temporary;

  private static ModelFacts facts(Path directory) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      return ModelFacts.of(checkpoint);
    }
  }

  /** 6 experts, 2 for a token, in 2 layers: 3 matrices of 40 x 48 each. */
  @Test
  void countsWhatAGoldenHolds() {
    ModelFacts facts = facts(Goldens.unpack(Goldens.GLM4_MOE, temporary));
    long embedding = 2 * 96 * 48;
    long total = facts.weights().bytes() / 4;
    assertThat(facts.parameters())
        .isEqualTo(new ParameterCounts(total, total - 2 * 4 * 3 * 40 * 48, embedding));
    assertThat(facts.weights().bytesByType()).isEqualTo(Map.of(DType.F32, total * 4));
    assertThat(facts.weights().files()).isEqualTo(1);
    assertThat(facts.lineages()).isNull();
    assertThat(facts.huggingFaceForm()).isTrue();
  }

  @Test
  void equalLayersAreOneRun() {
    TinyModels model = TinyModels.glm4Moe().layers(5, 2).sharded(40_000);
    ModelFacts facts = facts(model.write(temporary.resolve("model")));
    Mixture mixture = model.spec().mixture(4);
    Attention attention = model.spec().layers().getFirst().attention();
    assertThat(facts.layers())
        .containsExactly(
            new Layers(0, 1, attention, new Dense(20), null),
            new Layers(2, 4, attention, null, mixture));
    assertThat(mixture.router().formula(2))
        .isEqualTo(
            "s = sigmoid(router x); chosen: the 2 largest s + selection bias;"
                + " weights: s / sum of the chosen s x 1.5");
    assertThat(facts.weights().files()).isGreaterThan(1);
  }

  @Test
  void layersOfDifferentAttentionAreDifferentRuns() {
    ModelFacts facts = facts(Goldens.unpack("gpt_oss", temporary));
    assertThat(facts.layers())
        .extracting(layers -> layers.attention().reach())
        .startsWith(Reach.window(8), Reach.FULL);
    assertThat(facts.layers()).allMatch(layers -> layers.first() == layers.last());
    assertThat(Json.MAPPER.readValue(Json.bytes(facts), ModelFacts.class)).isEqualTo(facts);
  }

  @Test
  void tiedEmbeddingsCountOnce() {
    ModelFacts facts = facts(TinyModels.glm4Moe().tied().write(temporary.resolve("model")));
    assertThat(facts.parameters().embedding()).isEqualTo(61 * 24);
    assertThat(facts.parameters().totalWithoutEmbedding())
        .isEqualTo(facts.parameters().total() - 61 * 24);
    assertThat(facts.parameters().activeWithoutEmbedding())
        .isEqualTo(facts.parameters().active() - 61 * 24);
  }

  @Test
  void lineagesGoBackToTheModelThatNeverGrew() throws IOException {
    Path directory = TinyModels.glm4Moe().layers(2, 1).experts(5).write(temporary.resolve("model"));
    Manifest manifest =
        Manifest.EMPTY
            .withGrowth(growth(2, List.of(0, 1, 1)), null)
            .withGrowth(
                growth(3, List.of(0, 1, 2, 1, 2)), new Selection(Mode.LINEAGE, 0.5, 0.25, 0));
    Files.write(directory.resolve(Manifest.FILE_NAME), Json.bytes(manifest));
    ModelFacts facts = facts(directory);
    assertThat(facts.lineages()).isEqualTo(new Lineages(2, 1, 4));
    assertThat(facts.huggingFaceForm()).isFalse();
    assertThat(Json.MAPPER.readValue(Json.bytes(facts), ModelFacts.class)).isEqualTo(facts);
  }

  private static Growth growth(int source, List<Integer> parents) {
    return new Growth(
        "lineage",
        "split",
        0.6,
        0,
        "copy",
        0.5,
        "copy",
        7,
        100L,
        source,
        parents.size(),
        new TreeMap<>(Map.of(1, parents)));
  }
}
