package io.cambium.cli;

import io.cambium.training.Export;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a training checkpoint as a plain directory. */
@Command(
    name = "export",
    description = {
      "Writes a checkpoint as a plain Hugging Face directory: weights, config.json, tokenizer and"
          + " manifest, without optimizer and training state.",
      "",
      "Refused while a lineage growth is being released: no other engine would choose the same"
          + " experts."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium export runs/first my-model",
      "  cambium export runs/first/checkpoints/step-000200 my-model"
    })
final class ExportCommand implements Callable<Integer> {

  @Parameters(
      index = "0",
      paramLabel = "RUN|CHECKPOINT",
      description = "A run directory, for its newest checkpoint, or a checkpoint.")
  private Path source = Path.of("");

  @Parameters(index = "1", paramLabel = "TARGET", description = "The directory to write.")
  private Path target = Path.of("");

  @Option(names = "--overwrite", description = "Replace TARGET if it exists.")
  private boolean overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Export export = Export.of(source);
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      export.write(target, overwrite, progress);
    }
    spec.commandLine()
        .getOut()
        .printf(
            "exported %s to %s: %d files, %s, checksums verified%n",
            export.source(), target, export.files().size(), ByteCount.text(export.bytes()));
    spec.commandLine().getOut().flush();
    return 0;
  }
}
