package io.cambium.checkpoint;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Quantisation;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * A Hugging Face checkpoint directory, single-file or sharded, opened by its headers alone. Opening
 * it checks that the tensors on disk are exactly those the family's config.json describes.
 */
public final class CheckpointDirectory implements AutoCloseable {

  public static final String CONFIG = "config.json";
  public static final String SINGLE_FILE = "model.safetensors";
  public static final String INDEX = "model.safetensors.index.json";

  private static final int MAX_LISTED_FAULTS = 8;

  /** Of a weight, in any form that there is. */
  private static final double LEAST_BITS = 4;

  private final CheckpointSource source;
  private final Path path;
  private final ModelConfig config;
  private final Family family;
  private final DecoderSpec decoder;
  private final Quantisation quantisation;
  private final Manifest manifest;
  private final WeightFiles weights;
  private final List<ModelTensor> tensors;

  private CheckpointDirectory(CheckpointSource source, ModelConfig config, WeightFiles weights) {
    this.source = source;
    this.path = source.directory();
    this.config = config;
    this.weights = weights;
    this.family = Families.of(config);
    this.decoder = family.decoder(config);
    this.quantisation = family.quantisation(config);
    this.manifest = Manifest.read(path).orElse(Manifest.EMPTY);
    requireEnoughBytes();
    this.tensors = tensorsInSameForm(decoder);
    requireExactTensors();
  }

  /** Opens a directory, or one weight file with config.json beside it, as below. */
  public static CheckpointDirectory open(Path path) {
    return open(CheckpointSource.of(path));
  }

  /**
   * Opens a checkpoint from wherever it comes.
   *
   * @param source belongs to the caller, and has to stay open as long
   * @throws CheckpointException if a file is missing or malformed, the family is unknown, or a
   *     tensor is missing, unexpected, of the wrong shape or not of floating point
   */
  public static CheckpointDirectory open(CheckpointSource source) {
    Path path = source.directory();
    if (!Files.isDirectory(path)) {
      throw new CheckpointException(
          path, "is no checkpoint directory", "give a directory that holds " + CONFIG);
    }
    Path configFile = path.resolve(CONFIG);
    ModelConfig config = new ModelConfig(configFile, Json.readObject(configFile));
    Families.of(config);
    WeightFiles weights = WeightFiles.open(source);
    try {
      return new CheckpointDirectory(source, config, weights);
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  /** Before a list is made that is as long as config.json claims. */
  private void requireEnoughBytes() {
    long experts = 0;
    double needed = 0;
    for (FeedForward part : decoder.feedForwards()) {
      if (part instanceof Mixture mixture) {
        experts += mixture.experts();
        double weights = 3.0 * mixture.intermediateSize() * decoder.hiddenSize();
        needed += mixture.experts() * weights * LEAST_BITS / Byte.SIZE;
      }
    }
    long present = weights.tensors().stream().map(this::spec).mapToLong(TensorSpec::bytes).sum();
    if (needed > present) {
      throw new CheckpointException(
          path,
          "holds %d bytes, but config.json describes %d experts".formatted(present, experts),
          "config.json and weights must be of one model");
    }
  }

  private void requireExactTensors() {
    List<String> faults = new ArrayList<>();
    TreeSet<String> unexpected = weights.tensors();
    Set<String> seen = new HashSet<>();
    for (ModelTensor expected : tensors) {
      boolean first = seen.add(expected.name());
      if (unexpected.remove(expected.name())) {
        addFaults(faults, expected, spec(expected.name()));
      } else if (first) {
        faults.add("missing " + expected.name());
      }
    }
    unexpected.removeIf(name -> family.ignores(name, config));
    unexpected.forEach(name -> faults.add("unexpected " + name));
    if (!faults.isEmpty()) {
      int listed = Math.min(MAX_LISTED_FAULTS, faults.size());
      throw new CheckpointException(
          path,
          "does not hold the tensors that its config.json describes:\n  "
              + String.join("\n  ", faults.subList(0, listed))
              + (listed < faults.size() ? "\n  and " + (faults.size() - listed) + " more" : ""),
          "config.json and weights must be of one model");
    }
  }

  private void addFaults(List<String> faults, ModelTensor expected, TensorSpec actual) {
    if (!actual.shape().equals(expected.piece().whole())) {
      faults.add(
          expected.name()
              + " is "
              + actual.shape()
              + " where config.json needs "
              + expected.piece().whole());
    }
    if (quantisation.covers(expected.part())) {
      DType needed = quantisation.dtype(expected);
      if (actual.dtype() != needed) {
        faults.add(expected.name() + " is " + actual.dtype() + ", not " + needed);
      }
    } else if (!actual.dtype().isFloatingPoint()) {
      faults.add(expected.name() + " is " + actual.dtype() + ", not F64, F32, BF16 or F16");
    }
  }

  /** The directory that holds config.json. */
  public Path path() {
    return path;
  }

  /** Where the files come from. */
  public CheckpointSource source() {
    return source;
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

  /** In what form its weights are stored. */
  public Quantisation quantisation() {
    return quantisation;
  }

  /**
   * Refuses weights that are not stored as they are.
   *
   * @throws UsageException with the remedy
   */
  public void requirePlainWeights() {
    if (!quantisation.equals(Quantisation.NONE)) {
      throw new UsageException(
          path,
          "stores weights in "
              + quantisation.method()
              + ", which Cambium copies, not computes with",
          "convert it to bf16 first: load it with transformers, dequantised, and save it");
    }
  }

  /** The manifest, {@link Manifest#EMPTY} where the directory has none. */
  public Manifest manifest() {
    return manifest;
  }

  /** The weight files by name. */
  public Map<String, SafetensorsFile> files() {
    return weights.files();
  }

  /** The tensors the model computes with, in model order. */
  public List<ModelTensor> tensors() {
    return tensors;
  }

  /** The tensors of another decoder of this family, in the form that this checkpoint has. */
  public List<ModelTensor> tensorsInSameForm(DecoderSpec other) {
    return quantisation.equals(Quantisation.NONE)
        ? family.tensorsLike(decoder, weights.tensors(), other)
        : family.tensors(other, quantisation);
  }

  /** Tensors on disk that the family leaves out when it loads. */
  public List<String> ignoredTensors() {
    return weights.tensors().stream().filter(name -> family.ignores(name, config)).toList();
  }

  /**
   * A tensor's type and shape on disk.
   *
   * @throws CheckpointException if there is no such tensor
   */
  public TensorSpec spec(String tensor) {
    return Objects.requireNonNull(file(tensor).tensors().get(tensor)).spec();
  }

  /**
   * A tensor's bytes, mapped, valid until {@link #close()}.
   *
   * @throws CheckpointException if there is no such tensor
   */
  public MemorySegment data(String tensor) {
    return file(tensor).data(tensor);
  }

  private SafetensorsFile file(String tensor) {
    SafetensorsFile file = weights.fileOf(tensor);
    if (file == null) {
      throw new CheckpointException(path, "has no tensor \"" + tensor + "\"", null);
    }
    return file;
  }

  /**
   * Reads every file that the manifest has a checksum of and compares.
   *
   * @throws CheckpointException at the first file that differs
   */
  public void verifyChecksums() {
    manifest
        .sha256()
        .forEach((name, expected) -> {
          if (!source.sha256(name).equals(expected)) {
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
    weights.close();
  }
}
