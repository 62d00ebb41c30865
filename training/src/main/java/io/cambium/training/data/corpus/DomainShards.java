package io.cambium.training.data.corpus;

import io.cambium.training.data.Split;
import io.cambium.training.data.Tokenizer;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/** Makes the two token shards of a domain, encoding on all cores. */
record DomainShards(Tokenizer tokenizer, Path directory) {

  private record Encoded(String document, Fingerprint fingerprint, int[] tokens) {}

  /**
   * @param progress told the bytes of every document that is done
   */
  CorpusFacts.DomainFacts write(DomainSource source, Survey survey, LongConsumer progress) {
    try (ShardTally train = tally(source, Split.TRAIN);
        ShardTally validation = tally(source, Split.VALIDATION);
        Stream<String> documents = source.documents()) {
      OrderedParallel.forEach(
          documents,
          this::encode,
          encoded -> {
            Fingerprint fingerprint = encoded.fingerprint;
            boolean held = survey.splitOf(fingerprint) == Split.VALIDATION;
            (held ? validation : train)
                .append(encoded.document, fingerprint.bytes(), encoded.tokens);
            progress.accept(fingerprint.bytes());
          });
      return new CorpusFacts.DomainFacts(source.origin(), train.commit(), validation.commit());
    }
  }

  private ShardTally tally(DomainSource source, Split split) {
    return new ShardTally(directory, tokenizer.file(), source.domain(), split);
  }

  private Encoded encode(String document) {
    return new Encoded(document, Fingerprint.of(document), tokenizer.encode(document));
  }
}
