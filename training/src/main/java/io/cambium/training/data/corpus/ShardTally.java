package io.cambium.training.data.corpus;

import io.cambium.training.data.Corpus;
import io.cambium.training.data.Split;
import io.cambium.training.data.TokenShardWriter;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;

/** One split of a domain while it is written: its shard, and what goes into {@code corpus.json}. */
final class ShardTally implements AutoCloseable {

  private final TokenShardWriter shard;
  private long characters;
  private long bytes;

  ShardTally(Path directory, TokenizerFile tokenizer, String domain, Split split) {
    this.shard =
        TokenShardWriter.create(
            Corpus.shardPath(directory, split, domain), tokenizer, domain, split);
  }

  void append(String document, int documentBytes, int[] tokens) {
    shard.append(tokens);
    characters += document.codePointCount(0, document.length());
    bytes += documentBytes;
  }

  CorpusFacts.SplitFacts commit() {
    shard.commit();
    return new CorpusFacts.SplitFacts(shard.documents(), characters, bytes, shard.size());
  }

  @Override
  public void close() {
    shard.close();
  }
}
