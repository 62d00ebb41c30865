package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelFacts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cambium inspect}: what a checkpoint is, without reading its weights. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Shows what a checkpoint is: layers, router, experts, parameters in all and for a token,"
            + " files, and how it grew. Reads headers only.",
    footer = {"", "Example:", "  cambium inspect runs/demo/final"})
final class InspectCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DIR", description = "A checkpoint directory.")
  private Path directory;

  @Option(names = "--json", description = "Print one JSON object, with every expert's parent.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      ModelFacts facts = ModelFacts.of(checkpoint);
      String text =
          json ? new String(Json.bytes(facts), StandardCharsets.UTF_8) : ModelDescription.of(facts);
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
