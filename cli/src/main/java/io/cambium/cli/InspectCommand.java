package io.cambium.cli;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Check;
import io.cambium.checkpoint.CheckResult;
import io.cambium.checkpoint.CheckpointCheck;
import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Fault;
import io.cambium.checkpoint.FaultKind.Severity;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelFacts;
import io.cambium.training.data.TokenizerCheck;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code cambium inspect}: what a checkpoint is, without reading its weights. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Shows what a checkpoint is: layers, router, experts, parameters in all and for a token,"
            + " files, and how it grew; or all that is wrong with it. Reads headers only.",
    footer = {
      "",
      "Examples:",
      "  cambium inspect runs/demo/final",
      "  cambium inspect hf://Qwen/Qwen3-30B-A3B",
      "  cambium inspect --check Mixtral-8x7B"
    })
final class InspectCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A " + CheckpointArgument.FORMS + ", of which headers alone are read.")
  private String checkpoint;

  @Option(
      names = "--check",
      description =
          "List every fault of the directory, with the remedy and what each engine makes of it;"
              + " exit code 1 if there is one.")
  private boolean check;

  @Option(
      names = "--checksums",
      description =
          "Check the files against the checksums in cambium.json too, which reads all of them.")
  private boolean checksums;

  @Option(
      names = "--json",
      description = "Print one JSON object: every expert's parent, or with --check every fault.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (DownloadProgress progress = DownloadProgress.onStandardError();
        CheckpointSource source =
            CheckpointArgument.open(checkpoint, root.environment(), progress)) {
      progress.close();
      return check || checksums ? check(source) : describe(source);
    }
  }

  private int check(CheckpointSource source) {
    List<Check> asked = new ArrayList<>(List.of(new TokenizerCheck()));
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      if (checksums) {
        asked.add(CheckpointCheck.checksums(progress));
      }
      CheckResult result = CheckpointCheck.run(source, asked);
      progress.close();
      CheckReport report = CheckReport.of(result);
      print(json ? json(report) : report.text());
      return result.count(Severity.FAULT) == 0 ? ExitCode.OK : CambiumException.WORK_FAILED;
    }
  }

  /** What can be said of a broken one is said, before what is wrong. */
  private int describe(CheckpointSource source) {
    List<Fault> faults = new ArrayList<>();
    try (CheckpointDirectory opened = CheckpointDirectory.openBroken(source, faults::add)) {
      ModelFacts facts = ModelFacts.of(opened);
      print(json ? json(facts) : ModelDescription.of(facts));
    }
    if (faults.isEmpty()) {
      return ExitCode.OK;
    }
    Fault first = faults.getFirst();
    PrintWriter err = spec.commandLine().getErr();
    err.println("error: " + first.place() + ": " + first.what());
    err.println(
        "  -> %s (%d faults: cambium inspect --check %s)"
            .formatted(first.remedy(), faults.size(), checkpoint));
    return CambiumException.WORK_FAILED;
  }

  private void print(String text) {
    spec.commandLine().getOut().print(text);
    spec.commandLine().getOut().flush();
  }

  private static String json(Object value) {
    return new String(Json.bytes(value), StandardCharsets.UTF_8);
  }
}
