package io.cambium.cli;

import java.nio.file.Path;

/** Names of files, for what is named after them. */
final class FileNames {

  private FileNames() {}

  static String withoutExtension(Path file) {
    String name = file.getFileName().toString();
    return name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
  }
}
