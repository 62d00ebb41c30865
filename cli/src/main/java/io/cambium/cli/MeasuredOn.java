package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which checkpoint is measured, and on how much text. */
final class MeasuredOn {

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
  CheckpointSource open(Map<String, String> environment) {
    return CheckpointArgument.openWhole(checkpoint, environment);
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
