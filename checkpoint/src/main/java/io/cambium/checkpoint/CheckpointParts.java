package io.cambium.checkpoint;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Quantisation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/**
 * What there is of a checkpoint directory, whole or not: what is read when one is opened, and what
 * {@link Check}s look at.
 */
public final class CheckpointParts implements AutoCloseable {

  private final CheckpointSource source;
  private final Optional<Model> model;
  private final Optional<Fault> configFault;
  private final Manifest manifest;
  private final WeightFiles weights;

  /**
   * What config.json says.
   *
   * @param decoder what the family makes of it
   * @param quantisation in what form its weights are stored
   */
  record Model(ModelConfig config, Family family, DecoderSpec decoder, Quantisation quantisation) {

    private static Model of(ModelConfig config, Family family) {
      return new Model(config, family, family.decoder(config), family.quantisation(config));
    }

    /**
     * The tensors of another decoder of the family, in the form that the checkpoint has.
     *
     * @param onDisk the names of its own
     */
    List<ModelTensor> tensors(DecoderSpec other, Set<String> onDisk) {
      return quantisation instanceof Quantisation.None
          ? family.tensorsLike(decoder, onDisk, other)
          : family.tensors(other, quantisation);
    }
  }

  private CheckpointParts(
      CheckpointSource source,
      Optional<Model> model,
      Optional<Fault> configFault,
      Manifest manifest,
      WeightFiles weights) {
    this.source = source;
    this.model = model;
    this.configFault = configFault;
    this.manifest = manifest;
    this.weights = weights;
  }

  /**
   * Reads a directory by its headers, as far as that goes.
   *
   * @param faults hears of everything that is wrong; what it throws ends the reading
   * @throws CheckpointException if it is no directory
   */
  static CheckpointParts read(CheckpointSource source, Consumer<Fault> faults) {
    Path path = source.directory();
    if (!Files.isDirectory(path)) {
      throw new CheckpointException(
          path,
          "is no checkpoint directory",
          "give a directory that holds " + CheckpointDirectory.CONFIG);
    }
    List<Fault> ofConfig = new ArrayList<>();
    Optional<Model> model =
        readOr(
            FaultKind.UNREADABLE_CONFIG, faults.andThen(ofConfig::add), () -> model(path, faults));
    Manifest manifest =
        readOr(FaultKind.UNREADABLE_MANIFEST, faults, () -> Manifest.read(path))
            .orElse(Manifest.EMPTY);
    WeightFiles weights = WeightFiles.open(source, faults);
    return new CheckpointParts(source, model, ofConfig.stream().findFirst(), manifest, weights);
  }

  private static <T> Optional<T> readOr(
      FaultKind kind, Consumer<Fault> faults, Supplier<Optional<T>> reader) {
    try {
      return reader.get();
    } catch (CambiumException e) {
      faults.accept(Fault.of(kind, e));
      return Optional.empty();
    }
  }

  private static Optional<Model> model(Path path, Consumer<Fault> faults) {
    Path file = path.resolve(CheckpointDirectory.CONFIG);
    ModelConfig config = new ModelConfig(file, Json.readObject(file));
    return Optional.of(model(config, Families.of(config), faults));
  }

  /** What is quantised, and refused for that alone, is read as if it were not. */
  private static Model model(ModelConfig config, Family family, Consumer<Fault> faults) {
    try {
      return Model.of(config, family);
    } catch (CheckpointException e) {
      if (!config.has(Quantisation.KEY)) {
        throw e;
      }
      ObjectNode plain = config.json();
      plain.remove(Quantisation.KEY);
      Model model = Model.of(new ModelConfig(config.file(), plain), family);
      faults.accept(
          new Fault(
              FaultKind.QUANTIZATION_CONFIG,
              e.place(),
              e.what(),
              e.remedy() + "; " + FaultKind.QUANTIZATION_CONFIG.remedy()));
      return model;
    }
  }

  /** The directory that holds config.json. */
  public Path path() {
    return source.directory();
  }

  /** Where the files come from. */
  CheckpointSource source() {
    return source;
  }

  /** What config.json says, where it could be understood. */
  Optional<Model> model() {
    return model;
  }

  /**
   * What config.json says.
   *
   * @throws CheckpointException where it could not be understood
   */
  Model requireModel() {
    configFault.ifPresent(Fault::raise);
    return model.orElseThrow();
  }

  /** What the model computes, where config.json could be understood. */
  public Optional<DecoderSpec> decoder() {
    return model.map(Model::decoder);
  }

  /** The manifest, {@link Manifest#EMPTY} where the directory has none that could be read. */
  Manifest manifest() {
    return manifest;
  }

  WeightFiles weights() {
    return weights;
  }

  /** A tensor's type and shape on disk. */
  TensorSpec spec(String tensor) {
    SafetensorsFile file = Objects.requireNonNull(weights.fileOf(tensor), tensor);
    return Objects.requireNonNull(file.tensors().get(tensor)).spec();
  }

  /** Bytes of all tensors. */
  long tensorBytes() {
    return weights.files().values().stream()
        .map(file -> file.tensors().values())
        .flatMap(Collection::stream)
        .mapToLong(TensorEntry::bytes)
        .sum();
  }

  @Override
  public void close() {
    weights.close();
  }
}
