package io.cambium.checkpoint.testing;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/** Changes to the files of a checkpoint, for tests of what is then said of it. */
public final class Tampering {

  private Tampering() {}

  /** Changes a file that holds one JSON object. */
  public static void edit(Path file, Consumer<ObjectNode> change) throws IOException {
    ObjectNode json = Json.readObject(file);
    change.accept(json);
    Files.write(file, Json.bytes(json));
  }

  /** Changes the files that an index names. */
  public static void editWeightMap(Path directory, Consumer<ObjectNode> change) throws IOException {
    edit(
        directory.resolve(CheckpointDirectory.INDEX),
        index -> change.accept((ObjectNode) index.get("weight_map")));
  }

  /**
   * Rewrites a safetensors file.
   *
   * @param change what a tensor becomes, its data the first bytes of the old; empty for nothing
   */
  public static void rewrite(Path file, Function<TensorSpec, Optional<TensorSpec>> change)
      throws IOException {
    Path old = file.resolveSibling("old");
    Files.move(file, old);
    try (SafetensorsFile source = SafetensorsFile.open(old)) {
      Map<TensorSpec, MemorySegment> tensors = new LinkedHashMap<>();
      source
          .tensors()
          .values()
          .forEach(entry ->
              change
                  .apply(entry.spec())
                  .ifPresent(spec ->
                      tensors.put(
                          spec, source.data(entry.spec().name()).asSlice(0, spec.bytes()))));
      write(file, tensors, source.metadata());
    }
    Files.delete(old);
  }

  private static void write(
      Path file, Map<TensorSpec, MemorySegment> tensors, Map<String, String> metadata) {
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, tensors.keySet().stream().toList(), metadata)) {
      tensors.forEach((spec, data) -> writer.write(spec.name(), data));
    }
  }
}
