package io.cambium.cli;

import io.cambium.checkpoint.Progress;
import io.cambium.training.data.BpeTrainer;
import io.cambium.training.data.Split;
import io.cambium.training.data.TokenShardWriter;
import io.cambium.training.data.TokenizerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** A corpus directory for tests. */
final class TinyCorpus {

  private TinyCorpus() {}

  /** Two domains of random tokens, of a vocabulary below 300. */
  static Path write(Path corpus) throws IOException {
    Files.createDirectory(corpus);
    new BpeTrainer(BpeTrainer.SMALLEST_VOCAB).train(Progress.NONE).write(corpus);
    TokenizerFile tokenizer = TokenizerFile.read(corpus.resolve(TokenizerFile.NAME));
    for (Split split : Split.values()) {
      Path directory = corpus.resolve(split == Split.TRAIN ? "train" : "validation");
      Files.createDirectory(directory);
      for (String domain : List.of("one", "two")) {
        Path shard = directory.resolve(domain + ".safetensors");
        try (TokenShardWriter writer = TokenShardWriter.create(shard, tokenizer, domain, split)) {
          writer.append(
              IntStream.range(0, 4000).map(i -> (i * i + domain.length()) % 251).toArray());
          writer.commit();
        }
      }
    }
    return corpus;
  }
}
