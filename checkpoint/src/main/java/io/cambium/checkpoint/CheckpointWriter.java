package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the weights, config.json, index and manifest of a checkpoint directory as transformers
 * would. Shards are filled greedily in the order the tensors are given in; a tensor beyond the
 * limit gets a shard of its own. Closing it before {@link #finish} drops the weights.
 */
public final class CheckpointWriter implements AutoCloseable {

  /** The shard size that transformers 4 writes by default. */
  public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

  /** transformers 4 refuses any other format than these few, and all of them read this one. */
  private static final Map<String, String> METADATA = Map.of("format", "pt");

  private final Path directory;
  private final List<List<TensorSpec>> parts;
  private final int part;
  private final Map<String, SafetensorsWriter> shards = new TreeMap<>();
  private final Map<String, String> weightMap = new TreeMap<>();

  /** Makes the writer of one file. */
  private interface Opening {
    SafetensorsWriter open(Path path, List<TensorSpec> tensors, Map<String, String> metadata);
  }

  private CheckpointWriter(Path directory, List<List<TensorSpec>> parts, int part) {
    this.directory = directory;
    this.parts = List.copyOf(parts);
    this.part = part;
  }

  /**
   * Lays out the shards and creates the files, with headers but no data.
   *
   * @param directory an existing directory without weights, such as a {@link StagedDirectory}'s
   * @param shardBytes upper bound of the tensor bytes in a shard
   */
  public static CheckpointWriter create(
      Path directory, ObjectNode config, List<TensorSpec> tensors, long shardBytes) {
    return createPart(directory, config, List.of(tensors), 0, shardBytes);
  }

  /**
   * The same as one of several writers, each of which fills shards of its own. The first one also
   * writes what is not weights.
   *
   * @param parts the tensors of each writer
   * @param part which of them this one is
   */
  public static CheckpointWriter createPart(
      Path directory, ObjectNode config, List<List<TensorSpec>> parts, int part, long shardBytes) {
    CheckpointWriter writer = new CheckpointWriter(directory, parts, part);
    return writer.begin(config, shardBytes, SafetensorsWriter::create, writer::close);
  }

  /**
   * Goes on with what {@link #suspend()} or a killed process left, or begins it.
   *
   * @see SafetensorsWriter#resume
   */
  public static CheckpointWriter resume(
      Path directory, ObjectNode config, List<TensorSpec> tensors, long shardBytes) {
    CheckpointWriter writer = new CheckpointWriter(directory, List.of(tensors), 0);
    return writer.begin(config, shardBytes, SafetensorsWriter::resume, writer::suspend);
  }

  private CheckpointWriter begin(
      ObjectNode config, long shardBytes, Opening opening, Runnable onFailure) {
    try {
      open(shardBytes, opening);
      if (part == 0) {
        writeJson(CheckpointDirectory.CONFIG, config);
      }
      return this;
    } catch (RuntimeException e) {
      onFailure.run();
      throw e;
    }
  }

  private static List<List<TensorSpec>> split(List<TensorSpec> tensors, long shardBytes) {
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
    if (!shard.isEmpty()) {
      shards.add(shard);
    }
    return shards;
  }

  private void open(long shardBytes, Opening opening) {
    List<Shard> contents = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      for (List<TensorSpec> shard : split(parts.get(i), shardBytes)) {
        contents.add(new Shard(i, shard));
      }
    }
    for (int i = 0; i < contents.size(); i++) {
      Shard shard = contents.get(i);
      String name =
          contents.size() == 1
              ? CheckpointDirectory.SINGLE_FILE
              : String.format(
                  Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, contents.size());
      shard.tensors().forEach(tensor -> weightMap.put(tensor.name(), name));
      if (shard.part() == part) {
        shards.put(name, opening.open(directory.resolve(name), shard.tensors(), METADATA));
      }
    }
  }

  /** What goes into one file, and whose it is. */
  private record Shard(int part, List<TensorSpec> tensors) {}

  /** Writes a whole tensor. */
  public void write(String tensor, MemorySegment data) {
    write(tensor, 0, data);
  }

  /** Writes a piece of a tensor, {@code offset} bytes from its start, from any thread. */
  public void write(String tensor, long offset, MemorySegment data) {
    shard(tensor).write(tensor, offset, data);
  }

  /** The file that a tensor is in. */
  public SafetensorsWriter shard(String tensor) {
    String shard = weightMap.get(tensor);
    SafetensorsWriter writer = shard == null ? null : shards.get(shard);
    if (writer == null) {
      throw new IllegalArgumentException("no such tensor: " + tensor);
    }
    return writer;
  }

  /** Whether large pieces go past the system's cache. */
  public boolean isDirect() {
    return shards.values().stream().allMatch(SafetensorsWriter::isDirect);
  }

  /** Flushes what was written to the disk. */
  public void force() {
    shards.values().forEach(SafetensorsWriter::force);
  }

  /**
   * Closes the shards, then writes the index and the manifest with their checksums.
   *
   * @throws IllegalStateException if a tensor was not written whole
   * @throws CheckpointException if the disk refuses
   */
  public void finish(Manifest manifest) {
    finish(manifest, finishPart());
  }

  /**
   * Closes the shards of this writer, if it is one of several.
   *
   * @return their checksums, by file name
   */
  public Map<String, String> finishPart() {
    closeShards();
    return checksums();
  }

  /**
   * Writes the index and the manifest, once all writers have closed their shards.
   *
   * @param sha256 checksums of all shards
   */
  public void finish(Manifest manifest, Map<String, String> sha256) {
    writeIndexOfSeveral();
    writeManifest(directory, manifest.withChecksums(sha256));
  }

  /** Closes the shards and writes the index, for a manifest that follows. */
  public void finishWeights() {
    closeShards();
    writeIndexOfSeveral();
  }

  private void closeShards() {
    shards.values().forEach(SafetensorsWriter::requireComplete);
    Closing.all(shards.values().stream().map(shard -> shard::close));
  }

  /** The names of all shards, also those of other writers. */
  public SortedSet<String> files() {
    return new TreeSet<>(weightMap.values());
  }

  private void writeIndexOfSeveral() {
    if (files().size() > 1) {
      writeIndex();
    }
  }

  /** Writes the manifest of a directory. */
  public static void writeManifest(Path directory, Manifest manifest) {
    writeJson(directory.resolve(Manifest.FILE_NAME), manifest);
  }

  private Map<String, String> checksums() {
    return shards.keySet().parallelStream()
        .collect(
            Collectors.toMap(
                Function.identity(), shard -> Checksums.sha256(directory.resolve(shard))));
  }

  private void writeIndex() {
    ObjectNode index = Json.MAPPER.createObjectNode();
    List<TensorSpec> tensors = parts.stream().flatMap(List::stream).toList();
    index
        .putObject("metadata")
        .put("total_size", tensors.stream().mapToLong(TensorSpec::bytes).sum())
        .put("total_parameters", tensors.stream().mapToLong(TensorSpec::elements).sum());
    ObjectNode map = index.putObject("weight_map");
    weightMap.forEach(map::put);
    writeJson(CheckpointDirectory.INDEX, index);
  }

  private void writeJson(String name, Object value) {
    writeJson(directory.resolve(name), value);
  }

  private static void writeJson(Path file, Object value) {
    try {
      Files.write(file, Json.bytes(value));
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /** Closes, and leaves incomplete shards to be gone on with. */
  public void suspend() {
    Closing.all(shards.values().stream().map(shard -> shard::suspend));
  }

  @Override
  public void close() {
    Closing.all(shards.values().stream().map(shard -> shard::abandon));
  }
}
