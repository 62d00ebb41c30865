package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.training.BatchSampler;
import io.cambium.training.data.Corpus;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Text for a growth step that is not part of a training run. */
final class CalibrationTokens {

  /** As many batches as method 3 takes principal components from. */
  private static final int BATCHES = 4;

  private static final int SEQUENCES = 32;
  private static final int LENGTH = 128;

  private CalibrationTokens() {}

  /**
   * Batches that take turns over the domains of a corpus's training split.
   *
   * @param model checkpoint directory that the tokenizer has to fit
   * @throws io.cambium.checkpoint.CheckpointException if the corpus is broken, too small, or of
   *     another tokenizer
   */
  static List<TokenIds> read(Path directory, Path model, long seed) {
    try (Corpus corpus = Corpus.open(directory);
        CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      corpus.tokenizer().requireFits(checkpoint.decoder().vocabSize(), model);
      BatchSampler sampler = new BatchSampler(corpus, LENGTH, seed);
      List<TokenIds> batches = new ArrayList<>();
      for (int batch = 0; batch < BATCHES; batch++) {
        batches.add(batch(sampler, (long) batch * SEQUENCES));
      }
      return batches;
    }
  }

  private static TokenIds batch(BatchSampler sampler, long first) {
    long[] ids = new long[SEQUENCES * LENGTH];
    long[] sequence = new long[LENGTH + 1];
    for (int i = 0; i < SEQUENCES; i++) {
      sampler.copy(first + i, sequence, 0);
      System.arraycopy(sequence, 0, ids, i * LENGTH, LENGTH);
    }
    return new TokenIds(SEQUENCES, LENGTH, ids);
  }
}
