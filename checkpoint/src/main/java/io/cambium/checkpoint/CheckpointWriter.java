package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the weights, config.json, index and manifest of a checkpoint directory as transformers
 * would. Shards are filled greedily in the order the tensors are given in; a tensor beyond the
 * limit gets a shard of its own.
 */
public final class CheckpointWriter implements AutoCloseable {

  /** The shard size that transformers 4 writes by default. */
  public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

  /** transformers 4 refuses any other format than these few, and all of them read this one. */
  private static final Map<String, String> METADATA = Map.of("format", "pt");

  private final Path directory;
  private final List<TensorSpec> tensors;
  private final Map<String, String> weightMap = new TreeMap<>();
  private final Map<String, SafetensorsWriter> writers = new TreeMap<>();

  private CheckpointWriter(Path directory, List<TensorSpec> tensors) {
    this.directory = directory;
    this.tensors = tensors;
  }

  /** Lays out the shards and creates the files, with headers but no data. */
  public static CheckpointWriter create(
      Path directory, ObjectNode config, List<TensorSpec> tensors, long shardBytes) {
    CheckpointWriter writer = new CheckpointWriter(directory, tensors);
    List<List<TensorSpec>> shards = shards(tensors, shardBytes);
    try {
      for (int i = 0; i < shards.size(); i++) {
        String name =
            shards.size() == 1
                ? CheckpointDirectory.SINGLE_FILE
                : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
        writer.writers.put(
            name, SafetensorsWriter.create(directory.resolve(name), shards.get(i), METADATA));
        shards.get(i).forEach(tensor -> writer.weightMap.put(tensor.name(), name));
      }
      writer.writeJson(CheckpointDirectory.CONFIG, config);
    } catch (RuntimeException e) {
      writer.close();
      throw e;
    }
    return writer;
  }

  private static List<List<TensorSpec>> shards(List<TensorSpec> tensors, long shardBytes) {
    List<List<TensorSpec>> shards = new ArrayList<>();
    List<TensorSpec> shard = new ArrayList<>();
    long bytes = 0;
    for (TensorSpec tensor : tensors) {
      if (!shard.isEmpty() && bytes + tensor.bytes() > shardBytes) {
        shards.add(shard);
        shard = new ArrayList<>();
        bytes = 0;
      }
      shard.add(tensor);
      bytes += tensor.bytes();
    }
    shards.add(shard);
    return shards;
  }

  public void write(String tensor, MemorySegment data) {
    write(tensor, 0, data);
  }

  /** Writes a piece of a tensor, {@code offset} bytes from its start. */
  public void write(String tensor, long offset, MemorySegment data) {
    String file = weightMap.get(tensor);
    SafetensorsWriter writer = file == null ? null : writers.get(file);
    if (writer == null) {
      throw new IllegalArgumentException("no such tensor: " + tensor);
    }
    writer.write(tensor, offset, data);
  }

  /**
   * Closes the shards, then writes the index and the manifest with their checksums.
   *
   * @throws IllegalStateException if a tensor was not written whole
   */
  public void finish(Manifest manifest) {
    writers.values().forEach(SafetensorsWriter::requireComplete);
    close();
    if (writers.size() > 1) {
      writeIndex();
    }
    Map<String, String> checksums = new HashMap<>();
    writers.keySet().forEach(f -> checksums.put(f, Checksums.sha256(directory.resolve(f))));
    writeJson(Manifest.FILE_NAME, manifest.withChecksums(checksums));
  }

  private void writeIndex() {
    ObjectNode index = Json.MAPPER.createObjectNode();
    index
        .putObject("metadata")
        .put("total_size", tensors.stream().mapToLong(TensorSpec::bytes).sum())
        .put("total_parameters", tensors.stream().mapToLong(TensorSpec::elements).sum());
    ObjectNode map = index.putObject("weight_map");
    weightMap.forEach(map::put);
    writeJson(CheckpointDirectory.INDEX, index);
  }

  private void writeJson(String name, Object value) {
    try {
      Files.write(directory.resolve(name), Json.bytes(value));
    } catch (IOException e) {
      throw new CheckpointException(
          directory.resolve(name), "cannot be written: " + e, "check free space", e);
    }
  }

  @Override
  public void close() {
    writers.values().forEach(SafetensorsWriter::close);
  }
}
