package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.training.BatchSampler;
import io.cambium.training.data.Corpus;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

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
   * @param model that the tokenizer has to fit
   * @throws io.cambium.checkpoint.CheckpointException if the corpus is broken, too small, or of
   *     another tokenizer
   */
  static List<TokenIds> read(Path directory, CheckpointSource model, long seed) {
    try (Corpus corpus = Corpus.open(directory);
        CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      corpus.tokenizer().requireFits(checkpoint.decoder().vocabSize(), model.path());
      BatchSampler sampler = new BatchSampler(corpus, LENGTH, seed, Map.of());
      List<TokenIds> batches = new ArrayList<>();
      for (int batch = 0; batch < BATCHES; batch++) {
        batches.add(batch(sampler, (long) batch * SEQUENCES, 1));
      }
      return batches;
    }
  }

  /**
   * One batch of each domain's training split, by the domain's name.
   *
   * @throws io.cambium.checkpoint.CheckpointException as above
   */
  static SequencedMap<String, List<TokenIds>> domains(
      Path directory, CheckpointSource model, long seed) {
    try (Corpus corpus = Corpus.open(directory);
        CheckpointDirectory checkpoint = CheckpointDirectory.open(model)) {
      corpus.tokenizer().requireFits(checkpoint.decoder().vocabSize(), model.path());
      BatchSampler sampler = new BatchSampler(corpus, LENGTH, seed, Map.of());
      List<Corpus.Domain> domains = corpus.domains();
      SequencedMap<String, List<TokenIds>> batches = new LinkedHashMap<>();
      for (int domain = 0; domain < domains.size(); domain++) {
        // Sequences take turns over the domains.
        TokenIds batch = batch(sampler, domain, domains.size());
        batches.put(domains.get(domain).name(), List.of(batch));
      }
      return batches;
    }
  }

  private static TokenIds batch(BatchSampler sampler, long first, int step) {
    long[] ids = new long[SEQUENCES * LENGTH];
    long[] sequence = new long[LENGTH + 1];
    for (int i = 0; i < SEQUENCES; i++) {
      sampler.copy(first + (long) i * step, sequence, 0);
      System.arraycopy(sequence, 0, ids, i * LENGTH, LENGTH);
    }
    return new TokenIds(SEQUENCES, LENGTH, ids);
  }
}
