package io.cambium.training.data.corpus;

import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What {@code corpus.json} tells the people who use a corpus.
 *
 * @param domains facts by domain
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record CorpusFacts(
    int vocabSize, String tokenizerSha256, SortedMap<String, DomainFacts> domains) {

  static final String NAME = "corpus.json";

  /**
   * @param origin where the text comes from and on what terms
   */
  public record DomainFacts(String origin, SplitFacts train, SplitFacts validation) {}

  /**
   * @param characters Unicode code points
   * @param bytes of UTF-8
   * @param tokens end-of-text tokens included
   */
  public record SplitFacts(long documents, long characters, long bytes, long tokens) {}

  /** Tokens of all domains' train splits. */
  public long trainTokens() {
    return domains.values().stream().mapToLong(domain -> domain.train().tokens()).sum();
  }

  void write(Path directory) throws IOException {
    Files.write(directory.resolve(NAME), Json.bytes(this));
  }
}
