package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

  /** Copies a file as it is. */
  static void copy(Path from, Path directory, String name) {
    Path file = in(directory, name);
    try {
      Files.copy(from.resolve(name), file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }
}
