package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelFacts;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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
            + " files, and how it grew. Reads headers only.",
    footer = {
      "",
      "Examples:",
      "  cambium inspect runs/demo/final",
      "  cambium inspect hf://Qwen/Qwen3-30B-A3B"
    })
final class InspectCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A " + CheckpointArgument.FORMS + ", of which headers alone are read.")
  private String checkpoint;

  @Option(names = "--json", description = "Print one JSON object, with every expert's parent.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try (DownloadProgress progress = DownloadProgress.onStandardError();
        CheckpointSource source =
            CheckpointArgument.open(checkpoint, root.environment(), progress);
        CheckpointDirectory opened = CheckpointDirectory.open(source)) {
      progress.close();
      ModelFacts facts = ModelFacts.of(opened);
      String text =
          json ? new String(Json.bytes(facts), StandardCharsets.UTF_8) : ModelDescription.of(facts);
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
