package io.cambium.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The program. Exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration; 130 and 143
 * after Ctrl-C and SIGTERM.
 */
@Command(
    name = "cambium",
    description = "Grows Mixture-of-Experts language models.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Example:", "  cambium demo", "", "More about a command: cambium COMMAND --help"})
public final class Cambium implements Callable<Integer> {

  /** Every command there is. */
  static final List<CommandGroup> GROUPS =
      List.of(
          new CommandGroup("Start here:", List.of(DemoCommand.class)),
          new CommandGroup("Data:", List.of(CorpusCommand.class, TokenizeCommand.class)),
          new CommandGroup(
              "Checkpoints:",
              List.of(
                  ExportCommand.class,
                  GenerateCommand.class,
                  InitCommand.class,
                  InspectCommand.class,
                  LogitsCommand.class,
                  UpcycleCommand.class)),
          new CommandGroup("Training:", List.of(TrainCommand.class, WatchCommand.class)),
          new CommandGroup(
              "Measuring:",
              List.of(
                  AnalyseCommand.class,
                  BenchCommand.class,
                  EvalCommand.class,
                  LabCommand.class,
                  PlanCommand.class,
                  ReportCommand.class,
                  ScoreCommand.class)));

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  @Spec private CommandSpec spec;

  private final Map<String, String> environment;

  Cambium() {
    this(System.getenv());
  }

  /**
   * @param environment variables, those of the Hub among them
   */
  Cambium(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  public static void main(String[] args) {
    System.exit(execute(args));
  }

  /** Runs one command line and returns its exit code. */
  static int execute(String... args) {
    Cambium root = new Cambium();
    try {
      return commandLine(root, wanted(args)).execute(args);
    } catch (Throwable e) { // Picocli hands on exceptions, not errors such as OutOfMemoryError.
      return new ErrorReport(root).unexpected(e, List.of(args), new PrintWriter(System.err, true));
    }
  }

  /** The commands that are named; all where a file of arguments may name one. */
  private static Predicate<String> wanted(String... args) {
    boolean files = Arrays.stream(args).anyMatch(arg -> arg.startsWith("@"));
    return files ? _ -> true : List.of(args)::contains;
  }

  /** The whole command line, ready to execute. */
  static CommandLine commandLine(Cambium root) {
    return commandLine(root, _ -> true);
  }

  /**
   * A command line that starts sooner.
   *
   * @param isWanted whether the command of this name may be executed; the others are listed only
   */
  private static CommandLine commandLine(Cambium root, Predicate<String> isWanted) {
    CommandLine commandLine = new CommandLine(root);
    CommandGroup.register(commandLine, GROUPS, isWanted);
    ErrorReport errors = new ErrorReport(root);
    return commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(errors)
        .setExecutionExceptionHandler(errors);
  }

  boolean debug() {
    return debug;
  }

  Map<String, String> environment() {
    return environment;
  }

  /** Without a command there is nothing to do but to say what there is. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }
}
