package io.cambium.checkpoint;

import static io.cambium.checkpoint.testing.Tampering.edit;
import static io.cambium.checkpoint.testing.Tampering.editWeightMap;
import static io.cambium.checkpoint.testing.Tampering.rewrite;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointDirectoryTest {

  private static final String NORM = "model.norm.weight";

  @TempDir Path temporary;

  private Path tiny() {
    return TinyModels.glm4Moe().write(temporary.resolve("tiny"));
  }

  private Path sharded() {
    return TinyModels.glm4Moe().sharded(40_000).write(temporary.resolve("sharded"));
  }

  private static void refuses(Path directory, String... messages) {
    assertThatThrownBy(() -> CheckpointDirectory.open(directory))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(messages);
  }

  @ParameterizedTest
  @ValueSource(strings = {Goldens.GLM4_MOE, Goldens.GLM4_MOE_V4})
  void opensWhatTransformersWrote(String golden) {
    try (CheckpointDirectory checkpoint =
        CheckpointDirectory.open(Goldens.unpack(golden, temporary))) {
      assertThat(checkpoint.family().modelType()).isEqualTo("glm4_moe");
      assertThat(checkpoint.manifest()).isEqualTo(Manifest.EMPTY);
      assertThat(checkpoint.ignoredTensors()).isEmpty();
      assertThat(checkpoint.spec(NORM)).isEqualTo(new TensorSpec(NORM, DType.F32, List.of(48L)));
      assertThat(checkpoint.data(NORM).byteSize()).isEqualTo(48 * 4);
      assertThatThrownBy(() -> checkpoint.data("lm_head.bias"))
          .hasMessageContaining("lm_head.bias");
    }
  }

  @Test
  void opensShardsOfAnyName() throws IOException {
    Path directory = sharded();
    Path shard = directory.resolve("model-00001-of-00003.safetensors");
    Files.move(shard, directory.resolve("weights.bin"));
    editWeightMap(
        directory,
        map ->
            map.properties().stream()
                .filter(e -> e.getValue().stringValue().equals(shard.getFileName().toString()))
                .map(Map.Entry::getKey)
                .toList()
                .forEach(name -> map.put(name, "weights.bin")));
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      assertThat(checkpoint.files()).containsKey("weights.bin").hasSize(3);
    }
  }

  @Test
  void theSingleFileGoesBeforeAnIndex() throws IOException {
    Path directory = tiny();
    Files.writeString(directory.resolve(CheckpointDirectory.INDEX), "stale");
    CheckpointDirectory.open(directory).close();
  }

  @Test
  void refusesWhatIsNoCheckpoint() throws IOException {
    refuses(temporary.resolve("missing"), "is no checkpoint directory");
    refuses(temporary, "config.json: cannot be read: no such file");
    Path directory = tiny();
    Files.delete(directory.resolve(CheckpointDirectory.SINGLE_FILE));
    refuses(directory, "holds neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void refusesAnIndexThatDisagreesWithTheShards() throws IOException {
    Path directory = sharded();
    Path index = directory.resolve(CheckpointDirectory.INDEX);
    byte[] good = Files.readAllBytes(index);

    editWeightMap(directory, map -> map.put("phantom", "model-00001-of-00003.safetensors"));
    refuses(directory, "maps \"phantom\" to model-00001-of-00003.safetensors, which does not hold");

    Files.write(index, good);
    editWeightMap(directory, map -> map.remove(NORM));
    refuses(directory, "does not map \"" + NORM + "\", which a shard holds");

    Files.write(index, good);
    editWeightMap(directory, map -> map.put(NORM, "model-00001-of-00003.safetensors"));
    refuses(directory, "maps \"" + NORM + "\"", "which does not hold it");

    Files.write(index, good);
    editWeightMap(directory, map -> map.put(NORM, "model-00004-of-00003.safetensors"));
    refuses(directory, "model-00004-of-00003.safetensors: cannot be read: no such file");

    Files.write(index, good);
    editWeightMap(directory, map -> map.put(NORM, 3));
    refuses(directory, "maps \"" + NORM + "\" to no file");

    Files.write(index, good);
    edit(index, json -> json.remove("metadata"));
    refuses(directory, "lacks the object \"metadata\"");
  }

  @Test
  void refusesATensorThatTwoShardsHold() throws IOException {
    Path directory = sharded();
    Files.copy(directory.resolve("model-00003-of-00003.safetensors"), directory.resolve("copy"));
    editWeightMap(directory, map -> map.put(NORM, "copy"));
    refuses(directory, "names two files that hold");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../tiny/model.safetensors",
        "sub/../../tiny/model.safetensors",
        "sub/model.safetensors",
        "/model.safetensors",
        "..\\tiny\\model.safetensors",
        "..",
        ".",
        "",
        "\0"
      })
  void refusesFilesOutsideTheDirectory(String name) throws IOException {
    tiny();
    Path directory = sharded();
    Files.createDirectory(directory.resolve("sub"));
    editWeightMap(directory, map -> map.put(NORM, name));
    refuses(directory, "names a file outside the directory");
  }

  /** As the Hugging Face cache keeps its files. */
  @Test
  void aFileMayBeALink() throws IOException {
    Path directory = tiny();
    Path blob = temporary.resolve("blob");
    Files.move(directory.resolve(CheckpointDirectory.SINGLE_FILE), blob);
    Files.createSymbolicLink(directory.resolve(CheckpointDirectory.SINGLE_FILE), blob);
    CheckpointDirectory.open(directory).close();
  }

  @Test
  void refusesTensorsThatConfigDoesNotDescribe() throws IOException {
    Path directory = tiny();
    Path config = directory.resolve(CheckpointDirectory.CONFIG);
    byte[] good = Files.readAllBytes(config);

    edit(config, json -> json.put("n_routed_experts", 6));
    refuses(
        directory,
        "model.layers.1.mlp.gate.weight is [5, 24] where config.json needs [6, 24]",
        "model.layers.1.mlp.experts.5.gate_proj.weight is missing");

    Files.write(config, good);
    edit(config, json -> json.put("n_routed_experts", 65536));
    refuses(directory, "config.json describes 131072 experts");

    Files.write(config, good);
    edit(config, json -> json.put("tie_word_embeddings", true));
    refuses(directory, "lm_head.weight: is unexpected");

    Files.write(config, good);
    edit(config, json -> json.put("num_hidden_layers", 2).put("num_nextn_predict_layers", 0));
    refuses(directory, "input_layernorm.weight is unexpected", "and 23 more");
  }

  @Test
  void refusesWeightsThatNeedAScale() throws IOException {
    Path directory = tiny();
    rewrite(
        directory.resolve(CheckpointDirectory.SINGLE_FILE),
        spec ->
            Optional.of(
                spec.name().equals(NORM)
                    ? new TensorSpec(NORM, DType.F8_E4M3, spec.shape())
                    : spec));
    refuses(directory, NORM + ": is F8_E4M3, not F64, F32, BF16 or F16");
  }

  @Test
  void aFlippedBitOfTheDataIsFoundByItsChecksum() throws IOException {
    Path directory = sharded();
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      assertThat(checkpoint.manifest().sha256()).hasSize(3);
      assertThatCode(checkpoint::verifyChecksums).doesNotThrowAnyException();
    }
    Path shard = directory.resolve("model-00002-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length - 1] ^= 1;
    Files.write(shard, bytes);
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      assertThatThrownBy(checkpoint::verifyChecksums)
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining(shard + ": does not have the SHA-256 that cambium.json holds");
    }
  }

  @Test
  void predictionLayersAreLeftOut() throws IOException {
    Path directory = tiny();
    Path file = directory.resolve(CheckpointDirectory.SINGLE_FILE);
    Path original = Files.move(file, temporary.resolve("original"));
    String extra = "model.layers.3.eh_proj.weight";
    try (SafetensorsFile source = SafetensorsFile.open(original)) {
      List<TensorSpec> specs =
          new ArrayList<>(source.tensors().values().stream().map(TensorEntry::spec).toList());
      specs.add(new TensorSpec(extra, DType.U8, List.of(1L)));
      try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
        source.tensors().keySet().forEach(name -> writer.write(name, source.data(name)));
        writer.write(extra, MemorySegment.ofArray(new byte[1]));
      }
    }
    refuses(directory, extra + ": is unexpected");
    edit(
        directory.resolve(CheckpointDirectory.CONFIG),
        json -> json.put("num_nextn_predict_layers", 1));
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      assertThat(checkpoint.ignoredTensors()).containsExactly(extra);
      assertThat(checkpoint.tensors()).noneMatch(t -> t.name().equals(extra));
    }
  }
}
