package io.cambium.cli;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.corpus.CorpusFacts;
import io.cambium.training.data.corpus.CorpusWriter;
import io.cambium.training.data.corpus.TextFormat;
import io.cambium.training.data.corpus.TextInputs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a corpus of a user's own text. */
@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description = {
      "Write a corpus of your own text: .txt and .jsonl files in UTF-8.",
      "",
      "A .txt file is one document, unless --lines says otherwise; a .jsonl file has one in every"
          + " line. Directories are searched all the way down. The folders just below an INPUT name"
          + " the domains of what is in them; other files belong to the domain \""
          + TextInputs.DEFAULT_DOMAIN
          + "\"."
    },
    footer = {
      "",
      "Examples:",
      "  cambium tokenize books/ --out corpora/books",
      "  cambium tokenize --domain news=news.jsonl --domain code=src/ --out corpora/mine \\",
      "      --tokenizer model/tokenizer.json"
    })
final class TokenizeCommand implements Callable<Integer> {

  @Parameters(arity = "0..*", paramLabel = "INPUT", description = "Files and directories of text.")
  private List<Path> inputs = new ArrayList<>();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Directory to write: tokenizer, token shards, corpus.json.")
  private Path out;

  @Mixin private VocabularyArguments vocabulary;

  @Option(
      names = "--domain",
      paramLabel = "NAME[=PATH]",
      description =
          "The domain of all INPUTs; with a path, that of the text there. May be repeated.")
  private List<String> domains = new ArrayList<>();

  @Option(
      names = "--text-key",
      paramLabel = "KEY",
      defaultValue = "text",
      description = "Where a line of .jsonl has its document (default: ${DEFAULT-VALUE}).")
  private String textKey;

  @Option(
      names = "--lines",
      paramLabel = "N",
      description = "Every N lines of a .txt file are a document.")
  private @Nullable Integer lines;

  @Option(
      names = "--validation",
      paramLabel = "SHARE",
      defaultValue = "" + CorpusWriter.DEFAULT_VALIDATION_SHARE,
      description =
          "Share of the documents that is held out (default: ${DEFAULT-VALUE}); of a small domain"
              + " more, to measure its loss by.")
  private double validation;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Which documents a tokenizer is trained on (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--overwrite", description = "Replace the directory if it exists.")
  private boolean overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    TextInputs text = textInputs();
    CorpusFacts facts;
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      facts = writer(text, progress).write(out, overwrite);
    }
    if (text.leftOut() > 0) {
      spec.commandLine()
          .getErr()
          .println("left out " + text.leftOut() + " files that are neither .txt nor .jsonl");
    }
    CorpusTable.print(facts, out, spec.commandLine().getOut());
    return CommandLine.ExitCode.OK;
  }

  private CorpusWriter writer(TextInputs text, Progress progress) {
    OptionalInt linesPerDocument = lines == null ? OptionalInt.empty() : OptionalInt.of(lines);
    return new CorpusWriter(
        text.sources(new TextFormat(textKey, linesPerDocument)),
        vocabulary.vocabulary(),
        validation,
        seed,
        progress);
  }

  private TextInputs textInputs() {
    TextInputs text = new TextInputs();
    Optional<String> ofInputs = Optional.empty();
    for (String domain : domains) {
      int equals = domain.indexOf('=');
      if (equals >= 0) {
        text.add(Path.of(domain.substring(equals + 1)), Optional.of(domain.substring(0, equals)));
      } else if (ofInputs.isPresent()) {
        throw new UsageException(
            "--domain " + domain,
            "comes after --domain " + ofInputs.get(),
            "give each domain its path: --domain NAME=PATH");
      } else {
        ofInputs = Optional.of(domain);
      }
    }
    if (ofInputs.isPresent() && inputs.isEmpty()) {
      throw new UsageException(
          "--domain " + ofInputs.get(), "has no INPUT", "give files, or --domain NAME=PATH");
    }
    for (Path input : inputs) {
      text.add(input, ofInputs);
    }
    return text;
  }
}
