package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.training.data.TokenizerFile;
import io.cambium.training.data.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Writes the checkpoint that training starts from: random weights and, if given, a tokenizer. */
public final class FreshCheckpoint {

  private static final String GENERATION_CONFIG = "generation_config.json";

  private FreshCheckpoint() {}

  /**
   * Writes a directory that appears when it is complete.
   *
   * @param config of a known family, such as {@link io.cambium.checkpoint.family.Family#newConfig}
   *     makes
   * @param tokenizer a {@code tokenizer.json} to put beside the weights; its end-of-text token, if
   *     it has one, becomes the model's
   * @param seed same seed, same bytes
   * @throws io.cambium.checkpoint.UsageException if the target exists and may not be replaced
   * @throws CheckpointException if the tokenizer does not fit the config, or the disk refuses
   */
  public static void write(
      Path target, ObjectNode config, @Nullable Path tokenizer, long seed, boolean overwrite) {
    TokenizerFile file = tokenizer == null ? null : TokenizerFile.read(tokenizer);
    if (file != null) {
      file.requireFits(config.get("vocab_size").intValue(), "the new model");
    }
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      ObjectNode complete = config.deepCopy();
      if (file != null) {
        addTokenizer(staged.path(), file, complete);
      }
      FreshModel.write(staged.path(), complete, seed);
      staged.commit();
    }
  }

  private static void addTokenizer(Path directory, TokenizerFile tokenizer, ObjectNode config) {
    TokenizerFiles.copy(
        tokenizer.path(), directory, config.get("max_position_embeddings").intValue());
    if (tokenizer.endOfText().isEmpty()) {
      return;
    }
    int endOfText = tokenizer.endOfText().getAsInt();
    config.put("bos_token_id", endOfText).put("eos_token_id", endOfText);
    ObjectNode generation = Json.MAPPER.createObjectNode();
    generation.put("bos_token_id", endOfText).put("eos_token_id", endOfText);
    Path file = directory.resolve(GENERATION_CONFIG);
    try {
      Files.write(file, Json.bytes(generation));
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }
}
