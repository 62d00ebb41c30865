package io.cambium.checkpoint;

import io.cambium.checkpoint.CheckpointParts.Model;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Quantisation;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A Hugging Face checkpoint directory, single-file or sharded, opened by its headers alone. Opening
 * it checks that the tensors on disk are exactly those the family's config.json describes.
 */
public final class CheckpointDirectory implements AutoCloseable {

  public static final String CONFIG = "config.json";
  public static final String SINGLE_FILE = "model.safetensors";
  public static final String INDEX = "model.safetensors.index.json";

  private static final int MAX_LISTED_FAULTS = 8;

  private final CheckpointSource source;
  private final Path path;
  private final Model model;
  private final Manifest manifest;
  private final WeightFiles weights;
  private final List<ModelTensor> tensors;

  private CheckpointDirectory(CheckpointParts parts, Model model) {
    this.source = parts.source();
    this.path = parts.path();
    this.model = model;
    this.manifest = parts.manifest();
    this.weights = parts.weights();
    this.tensors = tensorsInSameForm(model.decoder());
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
    return open(source, Fault::raise, tensors -> raise(source.directory(), tensors));
  }

  /**
   * Opens a checkpoint as far as that goes, for a look at it.
   *
   * @param faults hears of what is wrong with its weights
   * @throws CheckpointException if it is no directory, or config.json cannot be understood
   */
  public static CheckpointDirectory openBroken(CheckpointSource source, Consumer<Fault> faults) {
    return open(source, faults, tensors -> tensors.forEach(faults));
  }

  private static CheckpointDirectory open(
      CheckpointSource source, Consumer<Fault> faults, Consumer<List<Fault>> tensorFaults) {
    CheckpointParts parts = CheckpointParts.read(source, faults);
    try {
      Model model = parts.requireModel();
      List<Fault> ofTensors = new ArrayList<>();
      CheckpointCheck.OF_OPENING.forEach(check -> check.run(parts, ofTensors::add));
      tensorFaults.accept(ofTensors);
      // The list of its tensors would be as long as config.json claims.
      ofTensors.stream()
          .filter(fault -> fault.kind() == FaultKind.LESS_THAN_CONFIG)
          .forEach(Fault::raise);
      return new CheckpointDirectory(parts, model);
    } catch (RuntimeException e) {
      parts.close();
      throw e;
    }
  }

  private static void raise(Path path, List<Fault> faults) {
    if (faults.size() == 1) {
      Fault.raise(faults.getFirst());
    }
    if (!faults.isEmpty()) {
      int listed = Math.min(MAX_LISTED_FAULTS, faults.size());
      throw new CheckpointException(
          path,
          "does not hold the tensors that its config.json describes:\n  "
              + faults.stream()
                  .limit(listed)
                  .map(fault -> fault.place() + " " + fault.what())
                  .collect(Collectors.joining("\n  "))
              + (listed < faults.size() ? "\n  and " + (faults.size() - listed) + " more" : ""),
          "config.json and weights must be of one model; all that is wrong: cambium inspect --check");
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
    return model.config();
  }

  public Family family() {
    return model.family();
  }

  public DecoderSpec decoder() {
    return model.decoder();
  }

  /** In what form its weights are stored. */
  public Quantisation quantisation() {
    return model.quantisation();
  }

  /**
   * Refuses weights that are not stored as they are.
   *
   * @throws UsageException with the remedy
   */
  public void requirePlainWeights() {
    if (!(quantisation() instanceof Quantisation.None)) {
      throw new UsageException(
          path,
          "stores weights in "
              + quantisation().method()
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
    return model.tensors(other, weights.tensors());
  }

  /** Tensors on disk that the family leaves out when it loads. */
  public List<String> ignoredTensors() {
    return weights.tensors().stream().filter(name -> family().ignores(name, config())).toList();
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
    ChecksumCheck.run(source, manifest, Progress.NONE, Fault::raise);
  }

  @Override
  public void close() {
    weights.close();
  }
}
