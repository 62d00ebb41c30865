package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.corpus.DemoCorpus;
import io.cambium.training.data.corpus.Vocabulary;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The tokenizer of a corpus. */
final class VocabularyArguments {

  @ArgGroup private Choice choice = new Choice();

  /** One of them, or neither. */
  static final class Choice {

    @Option(
        names = "--tokenizer",
        paramLabel = "FILE",
        description = "Use this tokenizer.json, with the tokenizer_config.json beside it.")
    private @Nullable Path file;

    @Option(
        names = "--train-vocab",
        paramLabel = "N",
        description =
            "Train a byte-level BPE tokenizer of so many tokens (default: "
                + DemoCorpus.DEFAULT_VOCAB_SIZE
                + ").")
    private int size = DemoCorpus.DEFAULT_VOCAB_SIZE;
  }

  @Option(
      names = "--keep-text",
      description = "Keep the text that a tokenizer learned from, in tokenizer-text.jsonl.")
  private boolean keepText;

  /**
   * What was chosen.
   *
   * @throws UsageException if text is to be kept that nothing learns from
   */
  Vocabulary vocabulary() {
    if (choice.file == null) {
      return new Vocabulary.Trained(choice.size, keepText);
    }
    if (keepText) {
      throw new UsageException(
          "--keep-text",
          "has nothing to keep",
          "--tokenizer is not trained; leave one of them out");
    }
    return new Vocabulary.Existing(choice.file);
  }
}
