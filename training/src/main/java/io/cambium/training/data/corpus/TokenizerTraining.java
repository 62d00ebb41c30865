package io.cambium.training.data.corpus;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Progress;
import io.cambium.training.data.BpeTrainer;
import io.cambium.training.data.Split;
import io.cambium.training.data.TokenizerFile;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.stream.Stream;

/** Trains the tokenizer of a corpus on an even sample of its domains. */
record TokenizerTraining(Vocabulary.Trained vocabulary, long seed, Progress progress) {

  /** Where the sample is kept, one JSON object a line with the document as {@code text}. */
  static final String TEXT_NAME = "tokenizer-text.jsonl";

  /** Writes the tokenizer's files into a directory; gives its {@code tokenizer.json}. */
  Path run(Map<DomainSource, Survey> surveys, Path directory) throws IOException {
    BpeTrainer trainer = new BpeTrainer(vocabulary.size());
    try (Writer text = vocabulary.keepText() ? writer(directory) : Writer.nullWriter()) {
      for (Map.Entry<DomainSource, Survey> domain : surveys.entrySet()) {
        addSample(domain.getKey(), domain.getValue(), trainer, text);
      }
    }
    trainer.train(progress).write(directory);
    return directory.resolve(TokenizerFile.NAME);
  }

  private static Writer writer(Path directory) throws IOException {
    return Files.newBufferedWriter(directory.resolve(TEXT_NAME));
  }

  private void addSample(DomainSource source, Survey survey, BpeTrainer trainer, Writer text)
      throws IOException {
    double share = (double) Vocabulary.Trained.BYTES_PER_DOMAIN / survey.trainBytes();
    try (Stream<String> documents = source.documents()) {
      for (Iterator<String> iterator = documents.iterator(); iterator.hasNext(); ) {
        String document = iterator.next();
        Fingerprint fingerprint = Fingerprint.of(document);
        if (survey.splitOf(fingerprint) == Split.TRAIN && fingerprint.position(seed) < share) {
          trainer.add(document);
          text.write(line(source.domain(), document));
        }
      }
    }
  }

  private String line(String domain, String document) {
    if (!vocabulary.keepText()) {
      return "";
    }
    return Json.MAPPER
            .writer()
            .without(tools.jackson.databind.SerializationFeature.INDENT_OUTPUT)
            .writeValueAsString(Map.of("text", document))
        + "\n";
  }
}
