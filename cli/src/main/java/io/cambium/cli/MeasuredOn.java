package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Which checkpoint is measured, and on how much text. */
final class MeasuredOn {

  @ParentCommand private Cambium root;

  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A " + CheckpointArgument.FORMS + ", which is downloaded first.")
  private String checkpoint = "";

  @Option(
      names = "--sequences",
      defaultValue = "16",
      paramLabel = "N",
      description = "Sequences of each domain, or batch (default: ${DEFAULT-VALUE}).")
  private int sequences;

  @Option(
      names = "--length",
      defaultValue = "256",
      paramLabel = "N",
      description = "Tokens in a sequence (default: ${DEFAULT-VALUE}).")
  private int length;

  /** The checkpoint, all of whose files are here. */
  CheckpointSource open() {
    return CheckpointArgument.openWhole(checkpoint, root.environment());
  }

  /** What the user calls it. */
  String checkpoint() {
    return checkpoint;
  }

  int sequences() {
    return sequences;
  }

  int length() {
    return length;
  }
}
