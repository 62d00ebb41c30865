package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.testing.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class InitAndInspectTest {

  private static final String TOKENIZER =
      """
      {"model": {"type": "BPE", "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2}, "merges": []},
       "added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": true}]}
      """;

  @TempDir Path temporary;
  private final Console console = new Console();

  private int run(String... args) {
    console.clear();
    return console.run(args);
  }

  private String model() {
    return temporary.resolve("model").toString();
  }

  private int init(String... more) {
    List<String> args = new ArrayList<>(List.of("init", model(), "--hidden", "16"));
    args.addAll(List.of("--heads", "2", "--kv-heads", "1", "--head-dim", "8", "--ffn", "12"));
    args.addAll(List.of("--dense-ffn", "20", "--experts", "5", "--vocab", "61"));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  @Test
  void inspectShowsWhatInitWrote() {
    assertThat(init("--qk-norm", "--tied")).as(console.err()).isZero();
    assertThat(run("inspect", model())).isZero();
    assertThat(console.out())
        .isEqualTo(
            """
            family        glm4_moe (Glm4MoeForCausalLM)
            vocabulary    61, input and output embeddings tied
            hidden size   16
            attention     2 heads of 8 on 1 key-value heads, queries and keys normalised, rotary over 4
            layers        4
              0           dense, width 20
              1 to 3      5 experts of width 12, 2 for each token, and shared experts of width 12
                router    s = sigmoid(router x); chosen: the 2 largest s + selection bias; weights: s / sum of the chosen s
            parameters    15,839, active 10,655
                          14,863, active 9,679 without embeddings
            weights       97 tensors in 1 file, F32 63.36 kB
            selection     plain top-K
            """);
  }

  @Test
  void inspectShowsHowACheckpointGrew() throws IOException {
    assertThat(init("--layers", "2")).isZero();
    Growth growth =
        new Growth(
            "lineage",
            "split",
            0.6,
            0,
            "copy",
            0.5,
            "copy",
            7,
            1200L,
            2,
            5,
            new TreeMap<>(Map.of(1, List.of(0, 1, 0, 1, 0))));
    Path file = temporary.resolve("model").resolve(Manifest.FILE_NAME);
    Manifest grown = Manifest.EMPTY.withGrowth(growth, new Selection(Mode.LINEAGE, 0.25, null, 0));
    Files.write(file, Json.bytes(grown));
    assertThat(run("inspect", model())).isZero();
    assertThat(console.out())
        .endsWith(
            """
            growth        at step 1,200: 2 -> 5 experts, lineage, rows split (delta 0.6), replicas copy, moments copy
            lineages      2 in each layer, of 2 to 3 experts
            selection     in the middle of a lineage release: own logit 0.25, sibling penalty infinite
                          no plain Hugging Face form: other engines would choose other experts
            """);
    Files.write(file, Json.bytes(grown.withSelection(new Selection(Mode.COLD, 1, null, 1.5))));
    assertThat(run("inspect", model())).isZero();
    assertThat(console.out())
        .endsWith("selection     cold: replicas' selection bias is 1.5 lower here\n");
    Files.write(file, Json.bytes(Manifest.EMPTY.withSelection(Selection.hash(7))));
    assertThat(run("inspect", model())).isZero();
    assertThat(console.out())
        .endsWith(
            """
            selection     by a hash of the token id, seed 7, with equal weights
                          no plain Hugging Face form: other engines would choose other experts
            """);
  }

  @Test
  void inspectShowsLayersThatDiffer() {
    Path golden = Goldens.unpack("llama4_text_chunks", temporary);
    assertThat(run("inspect", golden.toString())).isZero();
    assertThat(console.out())
        .contains(
            """
            attention     of 2 kinds, by layer
              0 to 2      4 heads of 16 on 2 key-value heads, queries and keys normalised, chunks of 7, rotary over 16
              3           4 heads of 16 on 2 key-value heads, queries grow with the position, no positions
            layers        4
              0, 2        dense, width 80
              1, 3        4 experts of width 40, 2 for each token, and shared experts of width 40
            """);
  }

  @Test
  void inspectPrintsJson() {
    assertThat(init()).isZero();
    assertThat(run("inspect", model(), "--json")).isZero();
    JsonNode json = Json.MAPPER.readTree(console.out());
    assertThat(json.path("family").stringValue()).isEqualTo("glm4_moe");
    assertThat(json.at("/layers/1/mixture/experts").intValue()).isEqualTo(5);
    assertThat(json.at("/parameters/total").longValue())
        .isEqualTo(json.at("/weights/bytes").longValue() / 4);
  }

  @Test
  void initTakesATokenizerAlong() throws IOException {
    Path tokenizer = Files.writeString(temporary.resolve("tokenizer.json"), TOKENIZER);
    assertThat(run("init", model(), "--hidden", "16", "--tokenizer", tokenizer.toString()))
        .as(console.err())
        .isZero();
    Path directory = temporary.resolve("model");
    assertThat(directory.resolve("tokenizer.json")).hasSameBinaryContentAs(tokenizer);
    ObjectNode config = Json.readObject(directory.resolve("config.json"));
    assertThat(config.get("vocab_size").intValue()).isEqualTo(3);
    assertThat(config.get("eos_token_id").intValue()).isZero();
    assertThat(Json.readObject(directory.resolve("generation_config.json")).toString())
        .isEqualTo("{\"bos_token_id\":0,\"eos_token_id\":0}");
    assertThat(Json.readObject(directory.resolve("tokenizer_config.json")).toString())
        .contains("\"model_max_length\":2048");
  }

  @Test
  void aTokenizerThatDoesNotFitIsRefused() throws IOException {
    Path tokenizer = Files.writeString(temporary.resolve("tokenizer.json"), TOKENIZER);
    assertThat(run("init", model(), "--tokenizer", tokenizer.toString(), "--vocab", "2"))
        .isEqualTo(1);
    assertThat(console.err()).contains("has a vocabulary of 2");
    assertThat(temporary.resolve("model")).doesNotExist();
  }

  @Test
  void anExistingTargetNeedsOverwrite() throws IOException {
    assertThat(init()).isZero();
    byte[] first = Files.readAllBytes(temporary.resolve("model").resolve("model.safetensors"));
    assertThat(init("--seed", "1")).isEqualTo(2);
    assertThat(console.err()).contains("exists already").contains("--overwrite");
    assertThat(temporary.resolve("model").resolve("model.safetensors")).hasBinaryContent(first);
    assertThat(init("--seed", "0", "--overwrite")).isZero();
    assertThat(temporary.resolve("model").resolve("model.safetensors")).hasBinaryContent(first);
  }

  @Test
  void sizesThatDoNotFitAreUsageErrors() {
    for (String[] wrong :
        new String[][] {
          {"--top-k", "6"},
          {"--layers", "1"},
          {"--dense-layers", "4"},
          {"--shared", "-1"},
          {"--context", "0"},
          {"--family", "gpt2"}
        }) {
      assertThat(init(wrong)).as(String.join(" ", wrong)).isEqualTo(2);
      assertThat(console.err()).startsWith("error: ").doesNotContain("specified multiple times");
      assertThat(temporary).isEmptyDirectory();
    }
  }
}
