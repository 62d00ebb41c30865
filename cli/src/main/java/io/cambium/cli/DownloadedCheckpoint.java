package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import java.util.Map;
import picocli.CommandLine.Parameters;

/** The checkpoint that a command runs. */
final class DownloadedCheckpoint {

  @Parameters(
      paramLabel = "CHECKPOINT",
      description = "A " + CheckpointArgument.FORMS + ", which is downloaded first.")
  private String text = "";

  /**
   * All of its files are here when this returns.
   *
   * @param environment the command's, of which a mixin knows nothing
   */
  CheckpointSource open(Map<String, String> environment) {
    return CheckpointArgument.openWhole(text, environment);
  }

  /** What the user calls it. */
  @Override
  public String toString() {
    return text;
  }
}
