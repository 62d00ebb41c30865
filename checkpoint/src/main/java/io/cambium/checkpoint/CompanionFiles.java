package io.cambium.checkpoint;

import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Names of the files beside weights and config.json that belong to a model. */
public final class CompanionFiles {

  private static final Predicate<String> KNOWN =
      Pattern.compile(
              "tokenizer.*|generation_config\\.json|chat_template.*|special_tokens_map\\.json"
                  + "|added_tokens\\.json|vocab\\..*|merges\\.txt|.*\\.tiktoken"
                  + "|LICENSE.*|NOTICE.*|README.*")
          .asMatchPredicate();

  /** Code, pickles and weights, whatever they are called. */
  private static final Predicate<String> NEVER =
      Pattern.compile(".*\\.(py|pyc|bin|pt|pth|pkl|pickle|ckpt|safetensors)").asMatchPredicate();

  private CompanionFiles() {}

  /** Whether a file goes along with the model: tokenizer, templates, licence and the like. */
  public static boolean belongs(String name) {
    return KNOWN.test(name) && !NEVER.test(name);
  }
}
