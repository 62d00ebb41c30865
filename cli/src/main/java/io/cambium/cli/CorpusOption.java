package io.cambium.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The text that a command needs. */
final class CorpusOption {

  @Option(
      names = "--data",
      required = true,
      paramLabel = "CORPUS",
      description = "Corpus directory.")
  private Path path = Path.of("");

  Path path() {
    return path;
  }
}
