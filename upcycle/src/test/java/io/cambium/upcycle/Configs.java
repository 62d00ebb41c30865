package io.cambium.upcycle;

import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/** Changes to a checkpoint's JSON files. */
public final class Configs {

  private Configs() {}

  public static void edit(Path directory, Consumer<ObjectNode> change) {
    edit(directory, "config.json", change);
  }

  public static void edit(Path directory, String file, Consumer<ObjectNode> change) {
    try {
      ObjectNode json = Json.readObject(directory.resolve(file));
      change.accept(json);
      Files.write(directory.resolve(file), Json.bytes(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
