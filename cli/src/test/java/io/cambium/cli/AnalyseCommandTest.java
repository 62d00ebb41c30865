package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class AnalyseCommandTest {

  private final Console console = new Console();

  @TempDir Path folder;
  private Path model;
  private Path corpus;

  @BeforeEach
  void model() throws IOException {
    model = TinyModels.glm4Moe().vocab(300).experts(3).topK(2).write(folder.resolve("m"));
    corpus = TinyCorpus.write(folder.resolve("corpus"));
  }

  @Test
  void measuresEveryRoutingLayer() {
    Path file = folder.resolve("analysis.json");
    assertThat(run(model, "--out", file.toString())).isZero();
    assertThat(console.out()).contains("layer 1", "of 2 domains", "two to expert", "Wrote");
    JsonNode analysis = Json.readObject(file);
    assertThat(analysis.path("tokens").intValue()).isEqualTo(2 * 9 * 17);
    assertThat(analysis.has("against")).isFalse();
    for (JsonNode layer : analysis.path("layers")) {
      long assigned = layer.path("load").valueStream().mapToLong(JsonNode::longValue).sum();
      assertThat(assigned).isEqualTo(2 * 306);
      assertThat(layer.has("siblings")).isFalse();
      assertThat(layer.path("entropy").doubleValue()).isBetween(0.01, Math.log(3));
      for (int expert = 0; expert < 3; expert++) {
        assertThat(layer.path("together").path(expert).path(expert))
            .isEqualTo(layer.path("load").path(expert));
        for (String kind : List.of("weight", "output")) {
          assertThat(cosine(layer, kind, expert, expert)).isCloseTo(1, within(1e-12));
        }
      }
    }
    assertThat(run(model, "--out", file.toString())).isEqualTo(2);
    assertThat(console.err()).contains("exists already");
  }

  @Test
  void nothingChangesAgainstItself() {
    assertThat(run(model, "--json", "--against", model.toString())).isZero();
    JsonNode change = Json.MAPPER.readTree(console.out()).path("against").path("layers").path(0);
    assertThat(change.path("saturation").path("overall").doubleValue()).isEqualTo(1);
    assertThat(change.path("change").path("weights").path(2).doubleValue()).isZero();
  }

  /** Copies of an expert are alike in all, and cold growth changes no choice. */
  @Test
  void siblingsOfAGrownModelAreAlike() {
    Path grown = folder.resolve("grown");
    assertThat(
            console.run(
                "upcycle", model.toString(), grown.toString(), "--experts", "6", "--mode", "cold"))
        .isZero();
    console.clear();
    assertThat(run(grown, "--json", "--against", model.toString())).isZero();
    JsonNode analysis = Json.MAPPER.readTree(console.out());
    for (JsonNode layer : analysis.path("layers")) {
      assertThat(layer.path("balance").path("dead")).isEmpty();
      assertThat(layer.path("siblings").path("coselection").doubleValue()).isZero();
      for (JsonNode lineage : layer.path("siblings").path("lineages")) {
        assertThat(lineage.path("weight").doubleValue()).isCloseTo(1, within(1e-12));
        assertThat(lineage.path("output").doubleValue()).isCloseTo(1, within(1e-12));
        assertThat(lineage.path("distance").doubleValue()).isCloseTo(0, within(1e-7));
      }
    }
    for (JsonNode layer : analysis.path("against").path("layers")) {
      assertThat(layer.path("saturation").path("overall").doubleValue()).isEqualTo(1);
    }
    console.clear();
    assertThat(run(grown, "--against", model.toString())).isZero();
    assertThat(console.out()).contains("Siblings, since the last growth", "routing kept");
    assertThat(run(model, "--against", grown.toString())).isEqualTo(2);
    assertThat(console.err()).contains("knows no growth from 6", "the later one comes first");
  }

  @Test
  void refusesWhatHasNoExperts() {
    Path dense = Goldens.unpack("llama", folder);
    assertThat(run(dense)).isEqualTo(2);
    assertThat(console.err()).contains("is a dense model: no layer has experts to analyse");
  }

  private static double cosine(JsonNode layer, String kind, int a, int b) {
    return layer.path("similarity").path(kind).path(a).path(b).doubleValue();
  }

  private int run(Path checkpoint, String... options) {
    List<String> args =
        List.of(
            "analyse",
            checkpoint.toString(),
            "--data",
            corpus.toString(),
            "--sequences",
            "9",
            "--length",
            "17");
    return console.run(args, options);
  }
}
