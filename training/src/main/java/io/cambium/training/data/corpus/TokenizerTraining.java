package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Progress;
import io.cambium.training.data.BpeTrainer;
import io.cambium.training.data.Split;
import io.cambium.training.data.TokenizerFile;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/** Trains the tokenizer of a corpus on an even sample of its domains. */
record TokenizerTraining(Vocabulary.Trained vocabulary, long seed, Progress progress) {

  /** Where the sample is kept, one JSON object a line with the document as {@code text}. */
  static final String TEXT_NAME = "tokenizer-text.jsonl";

  private static final ObjectWriter ONE_LINE =
      Json.MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

  /** Writes the tokenizer's files into a directory; gives its {@code tokenizer.json}. */
  Path run(Map<DomainSource, Survey> surveys, Path directory) throws IOException {
    BpeTrainer trainer = new BpeTrainer(vocabulary.size());
    try (Writer text =
        vocabulary.keepText()
            ? Files.newBufferedWriter(directory.resolve(TEXT_NAME))
            : Writer.nullWriter()) {
      for (Map.Entry<DomainSource, Survey> domain : surveys.entrySet()) {
        try (Stream<String> documents = sample(domain.getKey(), domain.getValue())) {
          documents.forEachOrdered(document -> {
            trainer.add(document);
            keep(document, text);
          });
        }
      }
    }
    trainer.train(progress).write(directory);
    return directory.resolve(TokenizerFile.NAME);
  }

  /** So many documents of the train split that they have about the same bytes in every domain. */
  private Stream<String> sample(DomainSource source, Survey survey) {
    double share = (double) Vocabulary.Trained.BYTES_PER_DOMAIN / survey.trainBytes();
    return source
        .documents()
        .filter(document -> {
          Fingerprint fingerprint = Fingerprint.of(document);
          return survey.splitOf(fingerprint) == Split.TRAIN && fingerprint.position(seed) < share;
        });
  }

  private static void keep(String document, Writer text) {
    try {
      text.write(ONE_LINE.writeValueAsString(Map.of("text", document)));
      text.write('\n');
    } catch (IOException e) {
      throw new CheckpointException(
          TEXT_NAME, "cannot be written: " + e, "check free space and permissions", e);
    }
  }
}
