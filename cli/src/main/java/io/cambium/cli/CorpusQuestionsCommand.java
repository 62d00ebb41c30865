package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.evaluation.QuestionSets;
import io.cambium.training.data.corpus.QuestionTexts;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes questions with choices. */
@Command(
    name = "questions",
    mixinStandardHelpOptions = true,
    description = {
      "Write questions with choices, for cambium eval: minimal-pairs.jsonl, definitions.jsonl and"
          + " last-words.jsonl.",
      "",
      "Which of two English sentences is right (LanguageTool's examples of mistakes), which of four"
          + " definitions is a word's, and which of four words ends a sentence (both WordNet's, of"
          + " documents that the demo's corpus holds out). Maven fetches the jars once."
    },
    footer = {
      "",
      "Example:",
      "  cambium corpus questions --out questions",
      "  cambium eval SmolLM2-135M --choices questions/definitions.jsonl"
    })
final class CorpusQuestionsCommand implements Callable<Integer> {

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Directory to write.")
  private Path out;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Questions of each kind, where there are so many (default: ${DEFAULT-VALUE}).")
  private int size;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Which questions, and the order of their choices (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--overwrite", description = "Replace the directory if it exists.")
  private boolean overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (size < 1) {
      throw new UsageException("--size", "is " + size, "give 1 or more");
    }
    QuestionSets sets;
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      sets = QuestionSets.of(QuestionTexts.fetch(System.getenv(), progress), size, seed);
    }
    sets.write(out, overwrite);
    PrintWriter print = spec.commandLine().getOut();
    sets.byName()
        .forEach((name, questions) ->
            print.printf("%s: %,d questions%n", out.resolve(name + ".jsonl"), questions.size()));
    return CommandLine.ExitCode.OK;
  }
}
