package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Whether what a command writes may be there already. */
final class OverwriteOption {

  @Option(
      names = "--overwrite",
      description = "Replace output that exists; a directory as a whole.")
  private boolean overwrite;

  /**
   * Looks at a target before the work begins.
   *
   * @throws UsageException if it exists and may not be replaced
   */
  void requireFree(Path target) {
    if (Files.exists(target) && !overwrite) {
      throw new UsageException(target, "exists already", "choose another name or give --overwrite");
    }
  }

  boolean isGiven() {
    return overwrite;
  }
}
