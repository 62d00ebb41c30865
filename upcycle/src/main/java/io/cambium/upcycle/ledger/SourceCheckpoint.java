package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.ModelTensor.Content;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** A checkpoint that something is made of, with its optimizer state where it has one. */
public final class SourceCheckpoint implements AutoCloseable {

  /** Where a training run keeps its state. */
  public static final String TRAINING = OptimizerFiles.FOLDER;

  /**
   * Moments of the optimizer, {@code <tensor>.exp_avg} and {@code <tensor>.exp_avg_sq}, as they are
   * written here: {@link OptimizerFiles} reads other forms too.
   */
  public static final String OPTIMIZER = OptimizerFiles.name(0, 1);

  /** Step, data position, schedule, random state. */
  public static final String TRAINER = TRAINING + "/trainer.json";

  private record Place(Part part, int layer, int expert, Content content) {}

  private final int model;
  private final CheckpointDirectory weights;
  private final Optional<OptimizerFiles> optimizer;
  private final Map<Place, ModelTensor> places = new HashMap<>();

  private SourceCheckpoint(
      int model, CheckpointDirectory weights, Optional<OptimizerFiles> optimizer) {
    this.model = model;
    this.weights = weights;
    this.optimizer = optimizer;
    weights
        .tensors()
        .forEach(t -> places.put(new Place(t.part(), t.layer(), t.expert(), t.content()), t));
  }

  /**
   * Opens a checkpoint and checks its bytes where its manifest has checksums.
   *
   * @param source belongs to the caller, and has to stay open as long
   * @param model its number among the sources
   * @throws CheckpointException if it is broken
   */
  public static SourceCheckpoint open(CheckpointSource source, int model) {
    CheckpointDirectory weights = CheckpointDirectory.open(source);
    try {
      weights.verifyChecksums();
      return new SourceCheckpoint(model, weights, openOptimizer(weights.path()));
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private static Optional<OptimizerFiles> openOptimizer(Path path) {
    boolean trainer = Files.exists(path.resolve(TRAINER));
    if (OptimizerFiles.areIn(path) != trainer) {
      throw new CheckpointException(
          path.resolve(TRAINING),
          "holds one of optimizer.safetensors and trainer.json without the other",
          "restore the training state, or remove the folder to convert the weights alone");
    }
    return trainer ? Optional.of(OptimizerFiles.open(path)) : Optional.empty();
  }

  /** The directory that holds what lies beside the weights. */
  public Path path() {
    return weights.path();
  }

  /** Where the files come from. */
  public CheckpointSource origin() {
    return weights.source();
  }

  /** The checkpoint for somebody who runs it, which waits for all weights to be here. */
  public Path runnable() {
    origin().complete();
    return origin().path();
  }

  public CheckpointDirectory weights() {
    return weights;
  }

  public DecoderSpec decoder() {
    return weights.decoder();
  }

  /** Every file that tensors are read from, and what says how. */
  public List<Path> files() {
    return Stream.concat(
            Stream.concat(
                    weights.files().values().stream(),
                    optimizer.stream().flatMap(kept -> kept.files().stream()))
                .map(SafetensorsFile::path),
            Stream.of(path().resolve(CheckpointDirectory.CONFIG)))
        .toList();
  }

  /** The optimizer's files. */
  public Optional<OptimizerFiles> optimizer() {
    return optimizer;
  }

  /** The tensor that plays a part, where the model has it. */
  public Optional<ModelTensor> find(Part part, int layer, int expert) {
    return Optional.ofNullable(places.get(new Place(part, layer, expert, Content.WEIGHTS)));
  }

  /** The tensor that plays a part which the model has. */
  public ModelTensor tensor(Part part, int layer, int expert) {
    return find(part, layer, expert).orElseThrow();
  }

  /**
   * The tensor that plays the part of one of a model of this kind.
   *
   * @param expert which of this model's experts, where it is an expert's
   */
  public ModelTensor counterpart(ModelTensor other, int expert) {
    return Objects.requireNonNull(
        places.get(new Place(other.part(), other.layer(), expert, other.content())));
  }

  /** The same as something a formula reads. */
  public SourceTensor source(ModelTensor tensor) {
    return SourceTensor.weight(model, tensor);
  }

  /** The values of a tensor that plays a part. */
  public float[] floats(ModelTensor tensor) {
    return Floats.read(weights.data(tensor.name()), weights.spec(tensor.name()).dtype());
  }

  /** The type of a tensor that plays a part. */
  public DType dtype(ModelTensor tensor) {
    return weights.spec(tensor.name()).dtype();
  }

  /** Whether a tensor on disk is byte for byte that of another checkpoint of the same kind. */
  public boolean hasSameBytes(ModelTensor tensor, SourceCheckpoint other) {
    ModelTensor same = other.tensor(tensor.part(), tensor.layer(), tensor.expert());
    MemorySegment here = weights.data(tensor.name());
    MemorySegment there = other.weights.data(same.name());
    return here.byteSize() == there.byteSize() && MappedMemory.mismatch(here, there) < 0;
  }

  /** The training step, where the checkpoint is one of a training run. */
  public OptionalLong step() {
    Path trainer = path().resolve(TRAINER);
    if (optimizer.isEmpty()) {
      return OptionalLong.empty();
    }
    JsonNode step = Json.readObject(trainer).path("step");
    if (!step.isIntegralNumber()) {
      throw new CheckpointException(trainer, "lacks \"step\"", null);
    }
    return OptionalLong.of(step.longValue());
  }

  /** Everything that has to be accounted for: the model's parts, and what else the files hold. */
  public Set<SourceTensor> tensors() {
    Set<SourceTensor> all = new LinkedHashSet<>();
    weights.tensors().forEach(tensor -> all.add(source(tensor)));
    for (String name : weights.ignoredTensors()) {
      all.add(SourceTensor.whole(Origin.WEIGHTS, model, name, weights.spec(name).shape()));
    }
    Map<String, List<ModelTensor>> byName =
        weights.tensors().stream().collect(Collectors.groupingBy(ModelTensor::name));
    optimizer.ifPresent(
        file -> file.tensors().values().forEach(entry -> all.addAll(parts(entry.spec(), byName))));
    return all;
  }

  /** What the optimizer keeps of a tensor on disk has the parts that the tensor has. */
  private List<SourceTensor> parts(TensorSpec kept, Map<String, List<ModelTensor>> byName) {
    String name = kept.name();
    String weight = name.substring(0, Math.max(0, name.lastIndexOf('.')));
    List<ModelTensor> whole = byName.getOrDefault(weight, List.of());
    return whole.isEmpty()
        ? List.of(SourceTensor.whole(Origin.OPTIMIZER, model, name, kept.shape()))
        : whole.stream()
            .map(
                part -> new SourceTensor(Origin.OPTIMIZER, model, name, part.shape(), part.piece()))
            .toList();
  }

  @Override
  public void close() {
    weights.close();
    optimizer.ifPresent(OptimizerFiles::close);
  }
}
