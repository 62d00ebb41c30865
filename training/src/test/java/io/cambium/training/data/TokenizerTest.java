package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class TokenizerTest {

  @TempDir static Path folder;

  @SuppressWarnings("NullAway.Init") // loaded before the first test
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    tokenizer = TextFixture.tokenizer(folder);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "  two  spaces \n\n and lines\r\n",
        "zero \u0000 byte",
        "\uD83C\uDF31 seedling \uD83D\uDC69\u200D\uD83C\uDF3E, e\u0301, \uFEFF\uFFFD",
        "Ελληνικά, русский, 中文, العربية",
        "<|endoftext|> inside"
      })
  void decodesWhatItEncodes(String text) {
    assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
  }

  @Test
  void decodesTheWholeFixture() {
    for (String document : TextFixture.documents()) {
      assertThat(tokenizer.decode(tokenizer.encode(document))).isEqualTo(document);
    }
  }

  @Test
  void addsNothingAndCutsNothing() throws IOException {
    // A file that asks for truncation and padding, as published ones do.
    ObjectNode json = Json.readObject(folder.resolve("tokenizer.json"));
    json.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 16)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    json.putObject("padding")
        .put("direction", "Right")
        .put("pad_id", 0)
        .put("pad_type_id", 0)
        .put("pad_token", "<|endoftext|>")
        .putNull("pad_to_multiple_of")
        .putObject("strategy")
        .put("Fixed", 16);
    Path file = Files.createDirectory(folder.resolve("cut")).resolve("tokenizer.json");
    Files.write(file, Json.bytes(json));
    String text = IntStream.range(0, 10_000).mapToObj(i -> "!?").collect(Collectors.joining(" "));
    try (Tokenizer cutting = Tokenizer.load(file)) {
      assertThat(cutting.encode(text)).hasSizeGreaterThan(10_000).isEqualTo(tokenizer.encode(text));
      assertThat(cutting.decode(cutting.encode(text))).isEqualTo(text);
      assertThat(cutting.encode("a")).hasSize(1);
    }
  }

  @Test
  void knowsItsVocabulary() {
    assertThat(tokenizer.vocabSize()).isEqualTo(TextFixture.VOCAB_SIZE);
    assertThat(tokenizer.endOfText()).hasValue(0);
    assertThat(tokenizer.encode("<|endoftext|>")).containsExactly(0);
    assertThat(tokenizer.sha256()).hasSize(64);
  }

  @Test
  void refusesAModelWithTooFewRows() {
    tokenizer.requireFits(TextFixture.VOCAB_SIZE, "model");
    assertThatThrownBy(() -> tokenizer.requireFits(2047, "runs/model"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll("runs/model", "2047", "ids up to 2047", "2048 or more");
  }

  @Test
  void refusesWhatIsNoText() {
    assertThatThrownBy(() -> tokenizer.encode("half a \uD83C seedling"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("character 7");
    assertThatThrownBy(() -> tokenizer.decode(new int[] {1, 2048}))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("has no token 2048");
  }

  @Test
  void refusesAFileThatIsNoTokenizer() throws IOException {
    Path file = Files.createDirectory(folder.resolve("broken")).resolve("tokenizer.json");
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(CheckpointException.class);
    Files.writeString(file, "{}");
    assertThatThrownBy(() -> Tokenizer.load(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("no \"model\"");
    for (String id : List.of("\"x\"", "-1", "1.5", "3000000000", "2147483647", "{}")) {
      Files.writeString(file, "{\"model\": {\"vocab\": {\"a\": " + id + "}}}");
      assertThatThrownBy(() -> Tokenizer.load(file))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("has a token whose id is " + id);
    }
    Files.writeString(file, "{\"model\": {\"type\": \"None\", \"vocab\": {\"a\": 0}}}");
    assertThatThrownBy(() -> Tokenizer.load(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("not a tokenizer");
  }

  @Test
  void refusesATextThatTheTokenizerHasNoTokensFor() throws IOException {
    Path file = Files.createDirectory(folder.resolve("unigram")).resolve("tokenizer.json");
    Files.writeString(
        file,
        """
        {"version": "1.0", "added_tokens": [], "model":
          {"type": "Unigram", "vocab": [["a", 0.0]], "byte_fallback": false}}\
        """);
    try (Tokenizer unigram = Tokenizer.load(file)) {
      assertThatThrownBy(() -> unigram.encode("ab"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("cannot encode a text")
          .hasMessageContaining("unk_id");
    }
  }

  /** The library ends the process over such a file. */
  @ParameterizedTest
  @ValueSource(strings = {"[[\"a\", \"b\"]]", "[\"a b\"]", "[[\"a\"]]", "[7]"})
  void refusesMergesWithoutTheirPrefix(String merges) throws IOException {
    Path file = folder.resolve("prefixed.json");
    Files.writeString(
        file,
        """
        {"version": "1.0", "added_tokens": [], "model": {"type": "BPE",
          "continuing_subword_prefix": "##", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": %s}}\
        """
            .formatted(merges));
    assertThatThrownBy(() -> Tokenizer.load(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("lacks the prefix \"##\"");
  }

  @Test
  void takesTheEndOfTextOfTheConfiguration() throws IOException {
    Path directory = Files.createDirectory(folder.resolve("configured"));
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(
        file,
        """
        {"added_tokens": [{"id": 9, "content": "</s>"}],
         "model": {"type": "Unigram", "vocab": [["a", -1.5], ["b", -2.5]]}}
        """);
    assertThat(TokenizerFile.read(file).endOfText()).isEmpty();
    assertThat(TokenizerFile.read(file).vocabSize()).isEqualTo(10);
    Path config = directory.resolve("tokenizer_config.json");
    Files.writeString(config, "{\"eos_token\": \"</s>\"}");
    assertThat(TokenizerFile.read(file).endOfText()).hasValue(9);
    Files.writeString(config, "{\"eos_token\": {\"content\": \"</s>\"}}");
    assertThat(TokenizerFile.read(file).endOfText()).hasValue(9);
  }

  @Test
  void copiesItselfIntoAModelDirectory() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    TokenizerFiles.copy(folder.resolve("tokenizer.json"), model, 256);
    assertThat(model.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(folder.resolve("tokenizer.json"));
    ObjectNode config = Json.readObject(model.resolve("tokenizer_config.json"));
    assertThat(config.path("model_max_length").asInt()).isEqualTo(256);
    assertThat(config.path("eos_token").asString()).isEqualTo("<|endoftext|>");
  }

  @Test
  void streamsOnlyCompleteCharacters() {
    String text = "αβγ \uD83C\uDF31\uD83D\uDC69 中文 ok";
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    StringBuilder shown = new StringBuilder();
    for (int id : tokenizer.encode(text)) {
      String piece = decoder.next(id);
      assertThat(piece).doesNotContain("\uFFFD");
      shown.append(piece);
    }
    assertThat(shown.append(decoder.finish())).hasToString(text);
  }

  @Test
  void showsAnIncompleteCharacterAtTheEnd() {
    int[] ids = tokenizer.encode("a\uD83C\uDFB8");
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    String shown =
        Arrays.stream(ids, 0, ids.length - 1).mapToObj(decoder::next).collect(Collectors.joining());
    assertThat(shown).isEqualTo("a");
    assertThat(decoder.finish()).contains("\uFFFD");
  }
}
