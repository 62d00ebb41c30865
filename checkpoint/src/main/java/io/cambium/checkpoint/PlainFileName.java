package io.cambium.checkpoint;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Names of files that other files give: they stay inside their directory. */
public final class PlainFileName {

  private PlainFileName() {}

  /**
   * Asserts that a name is a file's own.
   *
   * @throws IllegalArgumentException otherwise
   */
  static void require(String name) {
    if (!isPlain(name)) {
      throw new IllegalArgumentException("\"" + name + "\" is no plain file name");
    }
  }

  /** Whether there is no separator in it, of whatever system, and it is not {@code ..}. */
  public static boolean isPlain(String name) {
    try {
      Path path = Path.of(name);
      return !name.isEmpty()
          && !name.equals(".")
          && !name.equals("..")
          && !path.isAbsolute()
          && name.indexOf('\\') < 0
          && path.equals(path.getFileName());
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
