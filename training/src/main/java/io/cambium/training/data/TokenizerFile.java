package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What can be known of a Hugging Face {@code tokenizer.json} without running it.
 *
 * @param vocabSize one beyond the highest token id, added tokens included
 * @param endOfText the token that ends a document: {@value #END_OF_TEXT}, else the {@code
 *     eos_token} of the {@code tokenizer_config.json} beside the file
 * @param prefix the token that a text without any before it is taken to follow: the {@code
 *     bos_token} of that file, else its {@code eos_token}, else {@code endOfText}
 * @param sha256 of the file's bytes, hexadecimal; what ties token shards to their tokenizer
 */
public record TokenizerFile(
    Path path, int vocabSize, OptionalInt endOfText, OptionalInt prefix, String sha256) {

  /** The name under which a model or corpus directory keeps its tokenizer. */
  public static final String NAME = "tokenizer.json";

  /** The name under which transformers looks for a tokenizer's settings. */
  public static final String CONFIG_NAME = "tokenizer_config.json";

  /** The token that ends a document, in the tokenizers trained here and in many others. */
  public static final String END_OF_TEXT = "<|endoftext|>";

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @throws CheckpointException if the file is missing or is no tokenizer
   */
  public static TokenizerFile read(Path path) {
    ObjectNode json = Json.readObject(path);
    int vocabSize = highestId(json, path) + 1;
    requireMergesWithPrefix(json.path("model"), path);
    Path config = path.resolveSibling(CONFIG_NAME);
    ObjectNode settings = Files.exists(config) ? Json.readObject(config) : json.objectNode();
    OptionalInt end = firstKnown(json, END_OF_TEXT, token(settings, "eos_token"));
    return new TokenizerFile(
        path,
        vocabSize,
        end,
        firstKnown(json, token(settings, "bos_token"), token(settings, "eos_token"), END_OF_TEXT),
        Checksums.sha256(path));
  }

  /**
   * A special token of {@value #CONFIG_NAME}.
   *
   * @param name such as {@code bos_token}
   * @return its text; empty where there is none
   */
  static String token(JsonNode settings, String name) {
    JsonNode token = settings.path(name);
    return token.isObject() ? token.path("content").asString("") : token.asString("");
  }

  /**
   * Refuses a tokenizer that a model cannot read.
   *
   * @param modelVocab rows of the model's embedding
   * @param place what the model comes from, for the message
   * @throws CheckpointException if the tokenizer has an id that the model has no row for
   */
  public void requireFits(int modelVocab, Object place) {
    if (vocabSize > modelVocab) {
      throw new CheckpointException(
          place,
          "has a vocabulary of "
              + modelVocab
              + ", the tokenizer "
              + path
              + " has ids up to "
              + (vocabSize - 1),
          "take the tokenizer that belongs to the model, or set vocab_size to "
              + vocabSize
              + " or more in a new model");
    }
  }

  /**
   * The token that ends a document.
   *
   * @throws UsageException if the tokenizer has none
   */
  public int requireEndOfText() {
    return endOfText.orElseThrow(() ->
        new UsageException(
            path,
            "has no token that ends a document",
            "put the tokenizer_config.json with its eos_token beside it"));
  }

  /**
   * The token that a text without any before it is taken to follow.
   *
   * @throws UsageException if the tokenizer has none
   */
  public int requirePrefix() {
    return prefix.orElseThrow(() ->
        new UsageException(
            path,
            "has no token to stand before a text",
            "put the tokenizer_config.json with its bos_token or eos_token beside it"));
  }

  private static int highestId(ObjectNode json, Path path) {
    JsonNode vocab = json.path("model").path("vocab");
    if (vocab.isEmpty()) {
      throw new CheckpointException(
          path, "holds no \"model\" with a \"vocab\"", "is it a Hugging Face tokenizer.json?");
    }
    // A Unigram model lists [piece, score] in id order; the others map a piece to its id.
    int ofModel =
        vocab.isArray()
            ? vocab.size() - 1
            : vocab.valueStream().mapToInt(id -> id(id, path)).max().orElseThrow();
    return addedTokens(json)
        .mapToInt(token -> id(token.path("id"), path))
        .reduce(ofModel, Math::max);
  }

  /** Of others the tokenizers library (0.21) cuts off the prefix all the same, and may crash. */
  private static void requireMergesWithPrefix(JsonNode model, Path path) {
    String prefix = model.path("continuing_subword_prefix").asString("");
    if (prefix.isEmpty()) {
      return;
    }
    boolean isAscii = prefix.chars().allMatch(c -> c < 0x80);
    model
        .path("merges")
        .valueStream()
        .filter(merge -> !isAscii || !second(merge).startsWith(prefix))
        .findFirst()
        .ifPresent(merge -> {
          throw new CheckpointException(
              path,
              "merges " + merge + ", whose second part lacks the prefix \"" + prefix + "\"",
              "is continuing_subword_prefix that of the merges?");
        });
  }

  /** A merge is a pair, or both parts in one string. */
  private static String second(JsonNode merge) {
    return merge.isArray()
        ? merge.path(1).asString("")
        : merge.asString("").substring(merge.asString("").indexOf(' ') + 1);
  }

  private static int id(JsonNode node, Path path) {
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < 0
        || node.intValue() == Integer.MAX_VALUE) {
      throw new CheckpointException(
          path,
          "has a token whose id is " + (node.isMissingNode() ? "missing" : node) + ", not a number",
          "is it a complete tokenizer.json?");
    }
    return node.intValue();
  }

  private static OptionalInt firstKnown(ObjectNode json, String... tokens) {
    return Arrays.stream(tokens)
        .filter(token -> !token.isEmpty())
        .map(token -> id(json, token))
        .filter(OptionalInt::isPresent)
        .findFirst()
        .orElse(OptionalInt.empty());
  }

  /** The id of an added token, or of a piece of a vocabulary that is a map. */
  private static OptionalInt id(ObjectNode json, String content) {
    JsonNode piece = json.path("model").path("vocab").path(content);
    return addedTokens(json)
        .filter(token -> token.path("content").asString("").equals(content))
        .map(token -> token.path("id"))
        .findFirst()
        .or(() -> Optional.of(piece).filter(JsonNode::isInt))
        .map(id -> OptionalInt.of(id.asInt()))
        .orElse(OptionalInt.empty());
  }

  private static Stream<JsonNode> addedTokens(ObjectNode json) {
    return json.path("added_tokens").valueStream();
  }
}
