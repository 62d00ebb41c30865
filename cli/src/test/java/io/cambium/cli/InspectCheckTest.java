package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.testing.Tampering;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What {@code inspect} prints of directories that are not as they should be. */
class InspectCheckTest {

  private static final String NORM = "model.norm.weight";

  @TempDir Path temporary;
  private final Console console = new Console();

  private int inspect(Path directory, String... options) {
    console.clear();
    return console.run(List.of("inspect", directory.toString()), options);
  }

  private Path sharded() {
    return TinyModels.glm4Moe().sharded(40_000).write(temporary.resolve("model"));
  }

  @Test
  void aWholeDirectoryPasses() {
    Path directory = sharded();
    assertThat(inspect(directory, "--check", "--checksums")).isZero();
    assertThat(console.out())
        .isEqualTo(directory + ": 0 faults, 0 warnings; 79 tensors in 3 files\n");
  }

  @Test
  void everyFaultHasItsRemedyAndWhatEnginesDo() throws IOException {
    Path directory = sharded();
    Tampering.editWeightMap(directory, map -> map.remove(NORM));
    Tampering.edit(
        directory.resolve(CheckpointDirectory.CONFIG), json -> json.remove("architectures"));
    assertThat(inspect(directory, "--check")).isEqualTo(1);
    assertThat(console.out())
        .contains(
            """
            fault: tensor that the index omits
              %s/model.safetensors.index.json: does not map "model.norm.weight", which a shard holds
              -> add the tensor to weight_map, or delete the index's shards and save the model again
                 llama.cpp      refuses
                 transformers4  draws it at random, with a warning
                 transformers5  loads it all the same
                 vllm           loads it all the same

            warning: no architecture
            """
                .formatted(directory))
        .endsWith(": 1 fault, 1 warning; 79 tensors in 3 files\n");
  }

  @Test
  void warningsAloneAreNoFailure() throws IOException {
    Path directory = sharded();
    Tampering.edit(
        directory.resolve(CheckpointDirectory.CONFIG), json -> json.remove("architectures"));
    assertThat(inspect(directory, "--check")).isZero();
    assertThat(inspect(directory)).isZero();
  }

  @Test
  void manyOfAKindAreCountedAndAllAreInTheJson() throws IOException {
    Path directory = sharded();
    Tampering.edit(
        directory.resolve(CheckpointDirectory.CONFIG), json -> json.put("n_routed_experts", 9));
    assertThat(inspect(directory, "--check")).isEqualTo(1);
    assertThat(console.out()).contains("  and 16 more\n");
    assertThat(inspect(directory, "--check", "--json")).isEqualTo(1);
    JsonNode report = Json.MAPPER.readTree(console.out());
    assertThat(report.get("faults").intValue()).isEqualTo(28);
    assertThat(report.get("findings")).hasSize(28);
    JsonNode first = report.get("findings").get(0);
    assertThat(first.get("severity").stringValue()).isEqualTo("fault");
    assertThat(first.get("kind").stringValue()).isEqualTo("another number of experts");
    assertThat(first.get("engines").get("transformers5").stringValue()).isEqualTo("refuses");
  }

  @Test
  void whatCanBeSaidOfABrokenDirectoryIsSaid() throws IOException {
    Path directory = sharded();
    Files.delete(directory.resolve("model-00002-of-00003.safetensors"));
    assertThat(inspect(directory)).isEqualTo(1);
    assertThat(console.out()).startsWith("family        glm4_moe").contains("in 2 files");
    assertThat(console.err())
        .startsWith(
            "error: " + directory.resolve("model-00002-of-00003.safetensors") + ": cannot be read")
        .contains("cambium inspect --check " + directory);
    Files.delete(directory.resolve(CheckpointDirectory.CONFIG));
    assertThat(inspect(directory)).isEqualTo(1);
    assertThat(console.err()).contains("config.json: cannot be read: no such file");
  }

  @Test
  void aTokenizerMustBeOneAndFit() throws IOException {
    Path directory = sharded();
    Path tokenizer = directory.resolve("tokenizer.json");
    Files.writeString(tokenizer, "{\"model\": {\"vocab\": {\"a\": 60}}}");
    assertThat(inspect(directory, "--check")).isZero();
    Files.writeString(tokenizer, "{\"model\": {\"vocab\": {\"a\": 61}}}");
    assertThat(inspect(directory, "--check")).isEqualTo(1);
    assertThat(console.out())
        .contains("fault: tokenizer that does not fit", "has a vocabulary of 61")
        .contains("ids up to 61");
    Files.writeString(tokenizer, "{}");
    assertThat(inspect(directory, "--check")).isEqualTo(1);
    assertThat(console.out()).contains("fault: malformed tokenizer");
  }

  @Test
  void checksumsAreReadWhereAskedFor() throws IOException {
    Path directory = sharded();
    Path shard = directory.resolve("model-00002-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length - 1] ^= 1;
    Files.write(shard, bytes);
    assertThat(inspect(directory, "--check")).isZero();
    assertThat(inspect(directory, "--check", "--checksums")).isEqualTo(1);
    assertThat(console.out()).contains("fault: wrong checksum", shard.toString());
  }
}
