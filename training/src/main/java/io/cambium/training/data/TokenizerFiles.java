package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** The tokenizer's files in a directory, as {@code AutoTokenizer.from_pretrained} wants them. */
public final class TokenizerFiles {

  private TokenizerFiles() {}

  /**
   * Copies a tokenizer into a model's directory: {@code tokenizer.json} byte for byte, and {@code
   * tokenizer_config.json} with the model's longest sequence. A tokenizer without one gets one.
   *
   * @param tokenizer the {@code tokenizer.json} to copy
   * @param maxLength tokens of the longest sequence the model takes
   * @throws CheckpointException if the tokenizer cannot be read or the disk refuses
   */
  public static void copy(Path tokenizer, Path directory, int maxLength) {
    copy(tokenizer, directory);
    Path path = directory.resolve(TokenizerFile.CONFIG_NAME);
    ObjectNode config = Files.exists(path) ? Json.readObject(path) : config();
    write(path, config.put("model_max_length", maxLength));
  }

  /**
   * Copies {@code tokenizer.json} and, where there are, {@code tokenizer_config.json} and the chat
   * template.
   *
   * @throws CheckpointException if the tokenizer cannot be read or the disk refuses
   */
  public static void copy(Path tokenizer, Path directory) {
    try {
      copyFile(tokenizer, directory.resolve(TokenizerFile.NAME));
      for (String name : List.of(TokenizerFile.CONFIG_NAME, ChatTemplate.FILE_NAME)) {
        Path beside = tokenizer.resolveSibling(name);
        if (Files.exists(beside)) {
          copyFile(beside, directory.resolve(name));
        }
      }
    } catch (IOException e) {
      throw new CheckpointException(
          tokenizer, "cannot be copied to " + directory + ": " + e, "check free space", e);
    }
  }

  /** Writes the {@code tokenizer_config.json} of a tokenizer with one special token. */
  static void writeConfig(Path directory, String endOfText) {
    ObjectNode config = config();
    config.put("bos_token", endOfText);
    config.put("eos_token", endOfText);
    write(directory.resolve(TokenizerFile.CONFIG_NAME), config);
  }

  private static ObjectNode config() {
    ObjectNode config = Json.MAPPER.createObjectNode();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("clean_up_tokenization_spaces", false);
    return config;
  }

  private static void copyFile(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void write(Path path, ObjectNode config) {
    try {
      Files.write(path, Json.bytes(config));
    } catch (IOException e) {
      throw new CheckpointException(
          path, "cannot be written: " + e, "check free space and permissions", e);
    }
  }
}
