package io.cambium.training.data;

import io.cambium.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a token shard says of itself, in the metadata of its safetensors header.
 *
 * @param tokenizerSha256 hash of the {@code tokenizer.json} that made the tokens
 * @param documents number of documents; each ends with the end-of-text token
 */
public record ShardInfo(String tokenizerSha256, String domain, Split split, long documents) {

  static final String TENSOR = "tokens";

  private static final String TOKENIZER_SHA256 = "tokenizer_sha256";
  private static final String DOMAIN = "domain";
  private static final String SPLIT = "split";
  private static final String DOCUMENTS = "documents";

  Map<String, String> toMetadata() {
    return Map.of(
        TOKENIZER_SHA256,
        tokenizerSha256,
        DOMAIN,
        domain,
        SPLIT,
        split.folder(),
        DOCUMENTS,
        Long.toString(documents));
  }

  static ShardInfo of(Map<String, String> metadata, Path path) {
    try {
      return new ShardInfo(
          required(metadata, TOKENIZER_SHA256, path),
          required(metadata, DOMAIN, path),
          split(required(metadata, SPLIT, path)),
          Long.parseLong(required(metadata, DOCUMENTS, path)));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(path, "has a broken metadata entry: " + e.getMessage(), null);
    }
  }

  private static Split split(String folder) {
    for (Split split : Split.values()) {
      if (split.folder().equals(folder)) {
        return split;
      }
    }
    throw new IllegalArgumentException("split \"" + folder + "\"");
  }

  private static String required(Map<String, String> metadata, String key, Path path) {
    String value = metadata.get(key);
    if (value == null) {
      throw new CheckpointException(
          path,
          "has no \"" + key + "\" in its metadata",
          "is it a token shard, written by `cambium tokenize`?");
    }
    return value;
  }
}
