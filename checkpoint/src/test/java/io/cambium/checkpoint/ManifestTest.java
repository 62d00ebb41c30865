package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class ManifestTest {

  @TempDir Path temporary;

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

  private static final Manifest GROWN =
      Manifest.EMPTY
          .withGrowth(growth(2, List.of(0, 1, 1)), null)
          .withGrowth(growth(3, List.of(0, 1, 2, 0)), new Selection(Mode.LINEAGE, 0.25, null, 0))
          .withChecksums(Map.of("model.safetensors", "00ff"));

  private static final Manifest HASHED = Manifest.EMPTY.withSelection(Selection.hash(-3));

  private Path write(Object manifest) throws IOException {
    return Files.write(temporary.resolve("cambium.json"), Json.bytes(manifest));
  }

  @Test
  void isReadBackAsItWasWritten() throws IOException {
    for (Manifest manifest : List.of(Manifest.EMPTY, GROWN, GROWN.withSelection(null), HASHED)) {
      write(manifest);
      assertThat(Manifest.read(temporary)).hasValue(manifest);
    }
    Files.delete(temporary.resolve("cambium.json"));
    assertThat(Manifest.read(temporary)).isEmpty();
  }

  @Test
  void foundersAreFoundThroughAllGrowthSteps() {
    assertThat(GROWN.founders()).isEqualTo(Map.of(1, List.of(0, 1, 1, 0)));
    assertThat(Manifest.EMPTY.founders()).isEmpty();
  }

  @Test
  void aLineageReleaseAndHashRoutingHaveNoHuggingFaceForm() {
    assertThat(GROWN.hasHuggingFaceForm()).isFalse();
    assertThat(HASHED.hasHuggingFaceForm()).isFalse();
    assertThat(GROWN.withSelection(null).hasHuggingFaceForm()).isTrue();
    assertThat(GROWN.withSelection(new Selection(Mode.COLD, 1, null, 1)).hasHuggingFaceForm())
        .isTrue();
  }

  @Test
  void aHashSeedBelongsToModeHashAlone() throws IOException {
    for (String selection :
        List.of(
            "{\"mode\": \"hash\", \"ownLogit\": 0, \"holdBack\": 0}",
            "{\"mode\": \"lineage\", \"ownLogit\": 0, \"holdBack\": 0, \"hashSeed\": 1}")) {
      ObjectNode json = Json.MAPPER.valueToTree(HASHED);
      json.set("selection", Json.MAPPER.readTree(selection));
      write(json);
      assertThatThrownBy(() -> Manifest.read(temporary)).hasMessageContaining("hashSeed");
    }
  }

  @Test
  void anotherFormatIsRefusedByName() throws IOException {
    for (Object format : new Object[] {2, 0, "1", 1.0}) {
      ObjectNode json = Json.MAPPER.valueToTree(GROWN);
      json.putPOJO("format", format).put("new_in_this_format", true);
      Path file = write(json);
      assertThatThrownBy(() -> Manifest.read(temporary))
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(file + ": is a manifest of format ")
          .hasMessageContaining("this version of Cambium reads format 1");
    }
    write(Json.MAPPER.createObjectNode());
    assertThatThrownBy(() -> Manifest.read(temporary)).hasMessageContaining("format unknown");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'format':1,'growth':[]}                                          | sha256",
        "{'format':1,'growth':null,'sha256':{}}                            | growth",
        "{'format':1,'growth':[],'sha256':{},'more':1}                     | more",
        "{'format':1,'growth':[],'sha256':{'../x':'00'}}                   | no plain file name",
        "{'format':1,'growth':[],'sha256':{},'selection':{'mode':'cold'}}  | ownLogit",
        "{'format':1,'growth':[],'sha256':{},'selection':{'mode':'warm','ownLogit':0,'holdBack':0}}"
            + " | selection mode \"warm\" is none of [cold, lineage, hash]",
        "{'format':1,'growth':[],'sha256':{},'selection':{'mode':'cold','ownLogit':0,'holdBack':0}}"
            + " | belongs to a growth step, and there is none"
      })
  void aMalformedManifestIsRefused(String json, String message) throws IOException {
    Files.writeString(temporary.resolve("cambium.json"), json.replace('\'', '"'));
    assertThatThrownBy(() -> Manifest.read(temporary))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("cambium.json: is malformed")
        .hasMessageContaining(message);
  }

  @Test
  void parentsMustBeExpertsOfTheSource() {
    assertThatThrownBy(() -> growth(2, List.of(0, 1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parents of layer 1 are not 3 indices below 2");
    assertThatThrownBy(() -> growth(2, List.of(0, -1))).hasMessageContaining("parents of layer 1");
    assertThatThrownBy(() -> GROWN.withGrowth(growth(5, List.of(0, 1, 2, 3, 4, 0)), null))
        .hasMessageContaining("growth step 2 does not begin with the experts");
  }
}
