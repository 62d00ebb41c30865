package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class CheckpointWriterTest {

  private static final ObjectNode CONFIG = Json.MAPPER.createObjectNode().put("made_up", true);

  /** 6, 4, 20 and 1 bytes. */
  private static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec("a", DType.U8, List.of(6L)),
          new TensorSpec("b", DType.U8, List.of(2L, 2L)),
          new TensorSpec("c", DType.F32, List.of(5L)),
          new TensorSpec("d", DType.U8, List.of()));

  @TempDir Path temporary;

  private void write(long shardBytes) {
    try (CheckpointWriter writer =
        CheckpointWriter.create(temporary, CONFIG, TENSORS, shardBytes)) {
      for (TensorSpec tensor : TENSORS.reversed()) {
        writer.write(tensor.name(), MemorySegment.ofArray(new byte[(int) tensor.bytes()]));
      }
      writer.finish(Manifest.EMPTY);
    }
  }

  @Test
  void shardsAreFilledGreedilyInTheGivenOrder() {
    write(10);
    ObjectNode index = Json.readObject(temporary.resolve(CheckpointDirectory.INDEX));
    assertThat(index.toString())
        .isEqualTo(
            "{\"metadata\":{\"total_size\":31,\"total_parameters\":16},\"weight_map\":{"
                + "\"a\":\"model-00001-of-00003.safetensors\","
                + "\"b\":\"model-00001-of-00003.safetensors\","
                + "\"c\":\"model-00002-of-00003.safetensors\","
                + "\"d\":\"model-00003-of-00003.safetensors\"}}");
    assertThat(temporary.toFile().list())
        .containsExactlyInAnyOrder(
            "config.json",
            "cambium.json",
            "model.safetensors.index.json",
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors");
    assertThat(Json.readObject(temporary.resolve("config.json"))).isEqualTo(CONFIG);
  }

  @Test
  void oneFileNeedsNoIndex() throws IOException {
    write(31);
    assertThat(temporary.toFile().list())
        .containsExactlyInAnyOrder("config.json", "cambium.json", "model.safetensors");
    Path file = temporary.resolve("model.safetensors");
    assertThat(Manifest.read(temporary).orElseThrow().sha256())
        .containsOnlyKeys("model.safetensors")
        .containsValue(Checksums.sha256(file));
    try (SafetensorsFile weights = SafetensorsFile.open(file)) {
      assertThat(weights.metadata()).containsExactly(Map.entry("format", "pt"));
    }
  }

  @Test
  void leavesNoWeightsWhenItIsNotFinished() {
    CheckpointWriter writer = CheckpointWriter.create(temporary, CONFIG, TENSORS, 10);
    writer.write("a", MemorySegment.ofArray(new byte[6]));
    assertThatThrownBy(() -> writer.finish(Manifest.EMPTY))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("lacks data of [b]");
    assertThatThrownBy(() -> writer.write("e", MemorySegment.ofArray(new byte[1])))
        .isInstanceOf(IllegalArgumentException.class);
    writer.close();
    assertThat(temporary.toFile().list()).containsExactly("config.json");
  }

  @Test
  void leavesNoWeightsWhenAShardCannotBeCreated() throws IOException {
    Files.writeString(temporary.resolve("model-00002-of-00003.safetensors"), "in the way");
    assertThatThrownBy(() -> CheckpointWriter.create(temporary, CONFIG, TENSORS, 10))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("model-00002-of-00003.safetensors: exists already");
    assertThat(temporary.toFile().list()).containsExactly("model-00002-of-00003.safetensors");
  }

  /** Some locales have other digits. */
  @Test
  void fileNamesDoNotDependOnTheLocale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      write(10);
    } finally {
      Locale.setDefault(before);
    }
    assertThat(temporary.resolve("model-00001-of-00003.safetensors")).exists();
  }
}
