package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Files beside the weights. */
final class SideFile {

  private SideFile() {}

  /** A file of a directory, in a folder of its own where its name says so, which is made. */
  static Path in(Path directory, String name) {
    Path file = directory.resolve(name);
    try {
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      return file;
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /** Copies a file as it is; it is small enough to be read first, and an error names one end. */
  static void copy(Path from, Path directory, String name) {
    byte[] bytes = read(from.resolve(name));
    Path file = in(directory, name);
    try {
      // An earlier one may be read-only.
      Files.deleteIfExists(file);
      Files.write(file, bytes);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }
}
