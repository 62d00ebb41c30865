package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.SourceTensor.Origin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** A checkpoint that is to grow, with its optimizer state where it has one. */
final class GrowthSource implements AutoCloseable {

  private record Place(Part part, int layer, int expert) {}

  private final CheckpointDirectory weights;
  private final Optional<SafetensorsFile> optimizer;
  private final Map<Place, ModelTensor> places = new HashMap<>();

  private GrowthSource(CheckpointDirectory weights, Optional<SafetensorsFile> optimizer) {
    this.weights = weights;
    this.optimizer = optimizer;
    weights.tensors().forEach(t -> places.put(new Place(t.part(), t.layer(), t.expert()), t));
  }

  /**
   * Opens a checkpoint and checks that it is one that can grow, bytes included where its manifest
   * has checksums.
   */
  static GrowthSource open(Path path) {
    CheckpointDirectory weights = CheckpointDirectory.open(path);
    try {
      requireGrowable(weights);
      weights.verifyChecksums();
      return new GrowthSource(weights, openOptimizer(path));
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private static void requireGrowable(CheckpointDirectory weights) {
    if (weights.decoder().mixtureLayers().isEmpty()) {
      throw new UsageException(weights.path(), "has no layer that routes to experts", null);
    }
    Optional<ModelTensor> packed =
        weights.tensors().stream().filter(tensor -> !tensor.isWhole()).findFirst();
    if (packed.isPresent()) {
      throw new UsageException(
          weights.path(),
          "packs its tensors in a way that growing cannot take apart yet, such as "
              + packed.get().name(),
          "Cambium grows checkpoints with one tensor for each matrix of an expert");
    }
    if (weights.decoder().feedForwards().stream()
        .anyMatch(part -> part instanceof Mixture m && m.router().groups().count() > 1)) {
      throw new UsageException(
          weights.path(),
          "chooses experts within groups, and growing them would change which compete",
          "a model with n_group 1 can grow");
    }
    Manifest.Selection selection = weights.manifest().selection();
    if (selection != null && !selection.isRelease()) {
      throw new UsageException(
          weights.path(),
          "chooses experts by token id, which gives a new expert no tokens of a parent's",
          null);
    }
    if (selection != null) {
      throw new UsageException(
          weights.path(),
          "is in the middle of the release of an earlier growth step (mode "
              + selection.mode()
              + ", see "
              + Manifest.FILE_NAME
              + ")",
          "train it to the end of that window, then grow it");
    }
    List<String> ignored = weights.ignoredTensors();
    if (!ignored.isEmpty()) {
      throw new CheckpointException(
          weights.path(),
          "holds " + ignored.size() + " tensors beyond its layers, such as " + ignored.getFirst(),
          "growing a multi-token-prediction layer is not supported: remove its tensors and set"
              + " num_nextn_predict_layers to 0");
    }
  }

  private static Optional<SafetensorsFile> openOptimizer(Path path) {
    Path file = path.resolve(SideFiles.OPTIMIZER);
    boolean trainer = Files.exists(path.resolve(SideFiles.TRAINER));
    if (Files.exists(file) != trainer) {
      throw new CheckpointException(
          path.resolve(SideFiles.TRAINING),
          "holds one of optimizer.safetensors and trainer.json without the other",
          "restore the training state, or remove the folder to grow the weights alone");
    }
    return trainer ? Optional.of(SafetensorsFile.open(file)) : Optional.empty();
  }

  CheckpointDirectory weights() {
    return weights;
  }

  /** The optimizer's file. */
  Optional<SafetensorsFile> optimizer() {
    return optimizer;
  }

  /** What the layers that route have in common. */
  Mixture mixture() {
    return weights.decoder().feedForwards().stream()
        .filter(Mixture.class::isInstance)
        .map(Mixture.class::cast)
        .reduce((first, other) -> requireEqual(first, other))
        .orElseThrow();
  }

  private Mixture requireEqual(Mixture first, Mixture other) {
    if (!first.equals(other)) {
      throw new CheckpointException(
          weights.path(), "has layers that route differently: " + first + " and " + other, null);
    }
    return first;
  }

  /** The tensor that plays a part. */
  TensorSpec spec(Part part, int layer, int expert) {
    ModelTensor tensor = Objects.requireNonNull(places.get(new Place(part, layer, expert)));
    return weights.spec(tensor.name());
  }

  /** The training step, where the checkpoint is one of a training run. */
  OptionalLong step() {
    Path trainer = weights.path().resolve(SideFiles.TRAINER);
    if (optimizer.isEmpty()) {
      return OptionalLong.empty();
    }
    JsonNode step = Json.readObject(trainer).path("step");
    if (!step.isIntegralNumber()) {
      throw new CheckpointException(trainer, "lacks \"step\"", null);
    }
    return OptionalLong.of(step.longValue());
  }

  /** Every tensor that has to be accounted for. */
  Set<SourceTensor> tensors() {
    Set<SourceTensor> all = new HashSet<>();
    for (SafetensorsFile file : weights.files().values()) {
      file.tensors().keySet().forEach(name -> all.add(new SourceTensor(Origin.WEIGHTS, name)));
    }
    optimizer.ifPresent(file ->
        file.tensors().keySet().forEach(name -> all.add(new SourceTensor(Origin.OPTIMIZER, name))));
    return all;
  }

  @Override
  public void close() {
    weights.close();
    optimizer.ifPresent(SafetensorsFile::close);
  }
}
