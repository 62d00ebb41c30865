package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A trained byte-level BPE vocabulary.
 *
 * @param vocab the tokens in the byte-level alphabet, by id; the end-of-text token is the first
 * @param merges the pairs of tokens that encoding joins, first to last
 */
public record BpeModel(List<String> vocab, List<Merge> merges) {

  /** Two tokens that become one. */
  public record Merge(String left, String right) {}

  public BpeModel {
    vocab = List.copyOf(vocab);
    merges = List.copyOf(merges);
  }

  /**
   * Writes {@code tokenizer.json} and {@code tokenizer_config.json} into a directory.
   *
   * @throws CheckpointException if the disk refuses
   */
  public void write(Path directory) {
    Path path = directory.resolve(TokenizerFile.NAME);
    try {
      Files.write(path, Json.bytes(toJson()));
    } catch (IOException e) {
      throw new CheckpointException(
          path, "cannot be written: " + e, "check free space and permissions", e);
    }
    TokenizerFiles.writeConfig(directory, TokenizerFile.END_OF_TEXT);
  }

  /** The whole tokenizer as the {@code tokenizers} library 0.20 and later writes it. */
  private ObjectNode toJson() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("version", "1.0");
    json.putNull("truncation");
    json.putNull("padding");
    json.putArray("added_tokens").add(endOfText());
    json.putNull("normalizer");
    json.set("pre_tokenizer", byteLevel(false));
    json.putNull("post_processor");
    json.set("decoder", byteLevel(true));
    json.set("model", model());
    return json;
  }

  private static ObjectNode endOfText() {
    ObjectNode token = Json.MAPPER.createObjectNode();
    token.put("id", 0);
    token.put("content", TokenizerFile.END_OF_TEXT);
    token.put("single_word", false);
    token.put("lstrip", false);
    token.put("rstrip", false);
    token.put("normalized", false);
    token.put("special", true);
    return token;
  }

  private static ObjectNode byteLevel(boolean addPrefixSpace) {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("type", "ByteLevel");
    json.put("add_prefix_space", addPrefixSpace);
    json.put("trim_offsets", true);
    json.put("use_regex", true);
    return json;
  }

  private ObjectNode model() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("type", "BPE");
    json.putNull("dropout");
    json.putNull("unk_token");
    json.putNull("continuing_subword_prefix");
    json.putNull("end_of_word_suffix");
    json.put("fuse_unk", false);
    json.put("byte_fallback", false);
    json.put("ignore_merges", false);
    ObjectNode ids = json.putObject("vocab");
    for (int id = 0; id < vocab.size(); id++) {
      ids.put(vocab.get(id), id);
    }
    ArrayNode pairs = json.putArray("merges");
    merges.forEach(merge -> pairs.addArray().add(merge.left()).add(merge.right()));
    return json;
  }
}
