package io.cambium.training.data;

import io.cambium.checkpoint.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * The tokens at which a checkpoint's generation ends: the tokenizer's end of text and its {@code
 * eos_token}, and the {@code eos_token_id} of {@code generation_config.json} and {@code
 * config.json}, one or several.
 */
public final class EndTokens {

  private static final List<String> CONFIGS = List.of("generation_config.json", "config.json");

  private EndTokens() {}

  /** The ids for a checkpoint and its tokenizer; none where nobody names one. */
  public static Set<Integer> of(Path directory, Tokenizer tokenizer) {
    Set<Integer> ids = new TreeSet<>();
    tokenizer.endOfText().ifPresent(ids::add);
    ofTokenizerConfig(directory.resolve(TokenizerFile.CONFIG_NAME), tokenizer, ids);
    for (String name : CONFIGS) {
      ofConfig(directory.resolve(name), ids);
    }
    return ids;
  }

  private static void ofTokenizerConfig(Path file, Tokenizer tokenizer, Set<Integer> ids) {
    if (!Files.exists(file)) {
      return;
    }
    int[] encoded = tokenizer.encode(TokenizerFile.token(Json.readObject(file), "eos_token"));
    // A name that the tokenizer does not know as one token cannot come as one.
    if (encoded.length == 1) {
      ids.add(encoded[0]);
    }
  }

  private static void ofConfig(Path file, Set<Integer> ids) {
    if (!Files.exists(file)) {
      return;
    }
    JsonNode id = Json.readObject(file).path("eos_token_id");
    if (id.isInt()) {
      ids.add(id.asInt());
    }
    id.valueStream().filter(JsonNode::isInt).forEach(one -> ids.add(one.asInt()));
  }
}
