package io.cambium.checkpoint;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A Hugging Face checkpoint directory, single-file or sharded, opened by its headers alone. Opening
 * it checks that the tensors on disk are exactly those the family's config.json describes.
 */
public final class CheckpointDirectory implements AutoCloseable {

  public static final String CONFIG = "config.json";
  public static final String SINGLE_FILE = "model.safetensors";
  public static final String INDEX = "model.safetensors.index.json";

  private final Path path;
  private final ModelConfig config;
  private final Family family;
  private final DecoderSpec decoder;
  private final Manifest manifest;
  private final Map<String, SafetensorsFile> files;
  private final Map<String, SafetensorsFile> fileOf = new HashMap<>();

  private CheckpointDirectory(Path path, Map<String, SafetensorsFile> files) {
    this.path = path;
    this.files = files;
    this.config = new ModelConfig(path.resolve(CONFIG), Json.readObject(path.resolve(CONFIG)));
    this.family = Families.of(config);
    this.decoder = family.decoder(config);
    this.manifest = Manifest.read(path).orElse(Manifest.EMPTY);
    files.values().forEach(file -> file.tensors().keySet().forEach(name -> index(name, file)));
  }

  /**
   * Opens a directory.
   *
   * @throws CheckpointException if a file is missing or malformed, the family is unknown, or a
   *     tensor is missing, unexpected or of the wrong shape
   */
  public static CheckpointDirectory open(Path path) {
    if (!Files.isDirectory(path)) {
      throw new CheckpointException(
          path, "is no checkpoint directory", "give a directory that holds config.json");
    }
    Map<String, SafetensorsFile> files = new TreeMap<>();
    try {
      openFiles(path, files);
      CheckpointDirectory directory = new CheckpointDirectory(path, files);
      directory.requireExactTensors();
      return directory;
    } catch (RuntimeException e) {
      files.values().forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private static void openFiles(Path path, Map<String, SafetensorsFile> files) {
    Path single = path.resolve(SINGLE_FILE);
    // transformers prefers the single file where both are present, and so must we.
    if (Files.exists(single)) {
      files.put(SINGLE_FILE, SafetensorsFile.open(single));
      return;
    }
    Path index = path.resolve(INDEX);
    if (!Files.exists(index)) {
      throw new CheckpointException(path, "holds neither " + SINGLE_FILE + " nor " + INDEX, null);
    }
    Map<String, String> weightMap = weightMap(index);
    for (String name : new TreeSet<>(weightMap.values())) {
      files.put(name, SafetensorsFile.open(shard(path, index, name)));
    }
    weightMap.forEach((tensor, file) -> {
      if (!java.util.Objects.requireNonNull(files.get(file)).tensors().containsKey(tensor)) {
        throw new CheckpointException(
            index, "maps \"" + tensor + "\" to " + file + ", which does not hold it", null);
      }
    });
  }

  private static Path shard(Path directory, Path index, String name) {
    Path file = directory.resolve(name);
    if (!directory.equals(file.getParent())) {
      throw new CheckpointException(index, "names a file outside the directory: " + name, null);
    }
    return file;
  }

  private static Map<String, String> weightMap(Path index) {
    ObjectNode json = Json.readObject(index);
    JsonNode map = json.path("weight_map");
    if (!map.isObject() || !json.path("metadata").isObject()) {
      throw new CheckpointException(index, "lacks \"weight_map\" or \"metadata\"", null);
    }
    Map<String, String> entries = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (!entry.getValue().isString()) {
        throw new CheckpointException(index, "maps \"" + entry.getKey() + "\" to no file", null);
      }
      entries.put(entry.getKey(), entry.getValue().stringValue());
    }
    return entries;
  }

  private void index(String tensor, SafetensorsFile file) {
    SafetensorsFile other = fileOf.put(tensor, file);
    if (other != null) {
      throw new CheckpointException(
          path, "tensor \"" + tensor + "\" is in " + other.path() + " and " + file.path(), null);
    }
  }

  private void requireExactTensors() {
    List<String> faults = new ArrayList<>();
    TreeSet<String> unexpected = new TreeSet<>(fileOf.keySet());
    for (ModelTensor expected : family.tensors(decoder)) {
      if (!unexpected.remove(expected.name())) {
        faults.add("missing " + expected.name());
      } else if (!spec(expected.name()).shape().equals(expected.shape())) {
        faults.add(
            expected.name()
                + " is "
                + spec(expected.name()).shape()
                + " where config.json needs "
                + expected.shape());
      }
    }
    unexpected.removeIf(name -> family.ignores(name, decoder));
    unexpected.forEach(name -> faults.add("unexpected " + name));
    if (!faults.isEmpty()) {
      throw new CheckpointException(
          path,
          "does not hold the tensors that its config.json describes:\n  "
              + String.join("\n  ", faults.subList(0, Math.min(8, faults.size())))
              + (faults.size() > 8 ? "\n  and " + (faults.size() - 8) + " more" : ""),
          "config.json and weights must be of one model");
    }
  }

  public Path path() {
    return path;
  }

  public ModelConfig config() {
    return config;
  }

  public Family family() {
    return family;
  }

  public DecoderSpec decoder() {
    return decoder;
  }

  /** The manifest, {@link Manifest#EMPTY} where the directory has none. */
  public Manifest manifest() {
    return manifest;
  }

  /** The weight files by name. */
  public Map<String, SafetensorsFile> files() {
    return Collections.unmodifiableMap(files);
  }

  /** The tensors the model computes with, in model order. */
  public List<ModelTensor> tensors() {
    return family.tensors(decoder);
  }

  /** Tensors on disk that the family leaves out when it loads. */
  public List<String> ignoredTensors() {
    return fileOf.keySet().stream().filter(name -> family.ignores(name, decoder)).sorted().toList();
  }

  public TensorSpec spec(String tensor) {
    return java.util.Objects.requireNonNull(file(tensor).tensors().get(tensor)).spec();
  }

  /** A tensor's bytes, mapped, valid until {@link #close()}. */
  public MemorySegment data(String tensor) {
    return file(tensor).data(tensor);
  }

  private SafetensorsFile file(String tensor) {
    SafetensorsFile file = fileOf.get(tensor);
    if (file == null) {
      throw new CheckpointException(path, "has no tensor \"" + tensor + "\"", null);
    }
    return file;
  }

  /**
   * Reads every weight file that the manifest has a checksum of and compares.
   *
   * @throws CheckpointException at the first file that differs
   */
  public void verifyChecksums() {
    manifest
        .sha256()
        .forEach((name, expected) -> {
          String actual = Checksums.sha256(path.resolve(name));
          if (!actual.equals(expected)) {
            throw new CheckpointException(
                path.resolve(name),
                "does not have the SHA-256 that " + Manifest.FILE_NAME + " holds",
                "the file was damaged or changed after it was written: restore it, or delete"
                    + " the entry if the change was intended");
          }
        });
  }

  @Override
  public void close() {
    files.values().forEach(SafetensorsFile::close);
  }
}
