package io.cambium.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Groups the commands that write a corpus of known text. */
@Command(
    name = "corpus",
    mixinStandardHelpOptions = true,
    description = "Write a corpus out of text that Cambium knows how to get.",
    subcommands = {CorpusDemoCommand.class, CorpusQuestionsCommand.class},
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Example:", "  cambium corpus demo --out corpora/demo"})
final class CorpusCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }
}
