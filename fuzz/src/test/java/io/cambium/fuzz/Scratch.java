package io.cambium.fuzz;

import io.cambium.checkpoint.StagedDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files for the readers under test, in a directory that goes with this process. */
final class Scratch {

  private static final Path DIRECTORY = create();

  private Scratch() {}

  private static Path create() {
    try {
      Path directory = Files.createTempDirectory("cambium-fuzz-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path directory) {
    try {
      StagedDirectory.deleteTree(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new directory. */
  static Path directory(String name) {
    try {
      return Files.createDirectories(DIRECTORY.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a file, in place of what it held. */
  static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
