package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.Decoder;
import io.cambium.model.ExpertPlacement;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.SelectionRule;
import io.cambium.model.Team;
import io.cambium.model.TensorShards;
import io.cambium.model.TensorShards.Whole;
import io.cambium.model.Torch;
import io.cambium.model.Weights;
import io.cambium.training.config.GroupsConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint taken into memory to be trained, in fp32: weights, moments and how its experts are
 * chosen. It writes itself as a checkpoint again.
 */
final class ModelInTraining {

  private static final String FIRST = ".exp_avg";

  /** What the second moment of a tensor adds to its name. */
  static final String SECOND = ".exp_avg_sq";

  private static final String UNFOLDED = ".unfolded";

  private final ObjectNode config;
  private final int maxPositions;
  private final SortedMap<String, Double> missingNoise;
  private final Manifest manifest;
  private final List<ModelTensor> tensors;
  private final GroupsConfig groups;
  private final TensorShards shards;
  private @Nullable Decoder decoder;
  private @Nullable AdamW optimizer;

  private ModelInTraining(
      CheckpointDirectory directory, Team team, AdamW.Settings settings, RankGroups ranks) {
    this.config = directory.config().json().put("dtype", "float32").put("torch_dtype", "float32");
    this.maxPositions = directory.config().countOr("max_position_embeddings", Integer.MAX_VALUE);
    this.missingNoise = directory.config().trainingNoise();
    this.manifest = directory.manifest();
    this.tensors = directory.tensors();
    this.groups = settings.groups();
    ProcessGroup sharing = ranks.experts();
    ExpertPlacement placement =
        ranks.shareExperts()
            ? ExpertPlacement.of(directory.decoder(), manifest, sharing.size())
            : null;
    this.shards = new TensorShards(sharing, placement);
    this.decoder =
        Decoder.forTraining(
            Weights.load(
                directory,
                DType.F32,
                tensor -> placement == null || placement.holds(sharing.rank(), tensor)),
            team,
            tensor -> settings.groups().trains(tensor.part()),
            ranks,
            placement);
    this.optimizer = new AdamW(decoder(), settings);
    raiseReplicas(manifest.selection());
  }

  /**
   * Reads what this rank holds of a checkpoint. The first rank checks the bytes of all.
   *
   * @param withMoments whether the optimizer goes on with the checkpoint's moments
   * @throws CheckpointException if weights or moments are broken or missing
   */
  static ModelInTraining load(
      Path path, Team team, AdamW.Settings settings, boolean withMoments, RankGroups ranks) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(path)) {
      if (ranks.all().isFirst()) {
        directory.verifyChecksums();
      }
      ModelInTraining model = new ModelInTraining(directory, team, settings, ranks);
      if (withMoments) {
        model.readMoments(path);
      }
      return model;
    }
  }

  Decoder decoder() {
    return Objects.requireNonNull(decoder);
  }

  AdamW optimizer() {
    return Objects.requireNonNull(optimizer);
  }

  /** Gives its memory back; weights and moments are gone. */
  void close() {
    decoder = null;
    optimizer = null;
    Torch.collect();
  }

  Manifest manifest() {
    return manifest;
  }

  /** Dropout and the like that the model's class would train with, by the key that asks for it. */
  SortedMap<String, Double> missingNoise() {
    return missingNoise;
  }

  /** Parameters of the model. */
  long parameters() {
    return elements(tensors);
  }

  /** Those of them that this process holds. */
  long heldParameters() {
    return elements(decoder().weights().all().keySet());
  }

  private static long elements(Collection<ModelTensor> tensors) {
    return tensors.stream().mapToLong(ModelTensor::elements).sum();
  }

  /** Longest sequence the model takes. */
  int maxPositions() {
    return maxPositions;
  }

  /**
   * The lineage of each expert by routing layer since the last growth; null for a model that never
   * grew.
   */
  @Nullable Map<Integer, List<Integer>> parents() {
    return manifest.growth().isEmpty() ? null : manifest.growth().getLast().parents();
  }

  /** The rule for the step after this many. */
  SelectionRule rule(@Nullable Release release, long step) {
    if (release != null) {
      return release.rule(step, manifest.growth().getLast());
    }
    return lasting() == null ? SelectionRule.PLAIN : SelectionRule.of(manifest);
  }

  /** A selection that no release ends; null where plain top-K is what the model comes to. */
  private Manifest.@Nullable Selection lasting() {
    Manifest.Selection selection = manifest.selection();
    return selection == null || selection.isRelease() ? null : selection;
  }

  private void readMoments(Path checkpoint) {
    List<State> states = states(manifest.selection());
    try (OptimizerFiles files = OptimizerFiles.open(checkpoint)) {
      // A model that has only just grown has no biases but the folded ones, which raiseReplicas
      // took.
      states.removeIf(state ->
          state.suffix.equals(UNFOLDED)
              && state.specs().stream().noneMatch(s -> files.tensors().containsKey(s.name())));
      Set<TensorSpec> expected = new HashSet<>();
      states.forEach(state -> expected.addAll(state.specs()));
      Set<TensorSpec> found = new HashSet<>();
      files.tensors().values().forEach(entry -> found.add(entry.spec()));
      // What the moments of frozen tensors are need not be known.
      found.removeAll(frozen());
      if (!found.equals(expected)) {
        throw new CheckpointException(
            files.path(),
            "does not hold the %d tensors that belong to this model, but %d, or others"
                .formatted(expected.size(), found.size()),
            "weights and moments must be of one checkpoint; after a run that trained fewer groups,"
                + " begin without branch");
      }
      states.forEach(
          state -> Weights.takeApart(state.held, name -> files.data(name + state.suffix)));
    }
  }

  private Set<TensorSpec> frozen() {
    List<ModelTensor> frozen = tensors.stream().filter(tensor -> !trained(tensor)).toList();
    Set<TensorSpec> specs = new HashSet<>(new State(FIRST, frozen, Map.of()).specs());
    specs.addAll(new State(SECOND, frozen, Map.of()).specs());
    return specs;
  }

  /**
   * Writes weights, config.json, manifest, moments and state into a directory that exists: together
   * with the other ranks that share the experts, each its part.
   *
   * @throws CheckpointException if the disk refuses
   */
  void write(Path directory, TrainerState state) {
    Manifest.Selection selection = selection(state);
    writeWeights(directory, selection);
    ProcessGroup writers = decoder().ranks().experts();
    try {
      Files.createDirectories(directory.resolve(OptimizerFiles.FOLDER));
      if (writers.isFirst()) {
        state.write(directory);
      }
    } catch (IOException e) {
      throw new CheckpointException(directory, "cannot be written: " + e, "check free space", e);
    }
    writeOptimizer(directory, selection);
    writers.await(); // Nobody gives the directory its name before all have closed their files.
  }

  private void writeWeights(Path directory, Manifest.@Nullable Selection selection) {
    Map<ModelTensor, Tensor> weights = new LinkedHashMap<>(decoder().weights().all());
    weights.replaceAll((tensor, value) ->
        tensor.part() == Part.SELECTION_BIAS
            ? foldedBias(tensor.layer(), value, selection)
            : value);
    ProcessGroup writers = decoder().ranks().experts();
    List<Whole> wholes = shards.byHolder(tensors);
    List<List<TensorSpec>> parts =
        IntStream.range(0, writers.size())
            .mapToObj(writer ->
                wholes.stream()
                    .filter(whole -> whole.writer() == writer)
                    .map(whole -> spec(whole, ""))
                    .toList())
            .toList();
    try (CheckpointWriter writer =
        CheckpointWriter.createPart(
            directory, config, parts, writers.rank(), CheckpointWriter.DEFAULT_SHARD_BYTES)) {
      for (Whole whole : wholes) {
        shards.assemble(whole, weights, value -> writer.write(whole.name(), Torch.memory(value)));
      }
      Map<String, String> sha256 =
          SharedChecksums.gather(writers, writer.files(), writer.finishPart());
      if (writers.isFirst()) {
        writer.finish(manifest.withSelection(selection), sha256);
      }
    }
  }

  private static TensorSpec spec(Whole whole, String suffix) {
    return new TensorSpec(whole.name() + suffix, DType.F32, whole.shape());
  }

  private void writeOptimizer(Path directory, Manifest.@Nullable Selection selection) {
    List<State> states = states(selection);
    SortedMap<Integer, List<TensorSpec>> parts = new TreeMap<>();
    for (State state : states) {
      for (Whole whole : shards.byHolder(state.tensors)) {
        parts
            .computeIfAbsent(whole.writer(), _ -> new ArrayList<>())
            .add(spec(whole, state.suffix));
      }
    }
    int me = decoder().ranks().experts().rank();
    List<TensorSpec> mine = parts.get(me);
    if (mine == null) { // Others may need what this one holds of their tensors.
      states.forEach(state -> assemble(state, (_, _) -> {}));
      return;
    }
    Path path = directory.resolve(OptimizerFiles.name(parts.headMap(me).size(), parts.size()));
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, mine, Map.of())) {
      states.forEach(
          state -> assemble(state, (name, value) -> writer.write(name, Torch.memory(value))));
    }
  }

  private void assemble(State state, BiConsumer<String, Tensor> consumer) {
    for (Whole whole : shards.byHolder(state.tensors)) {
      shards.assemble(
          whole, state.held, value -> consumer.accept(whole.name() + state.suffix, value));
    }
  }

  /**
   * What is kept for each of some tensors, packed on disk as they are.
   *
   * @param suffix to the tensor's name
   * @param tensors all of the model that have it
   * @param held what this rank holds of it
   */
  private record State(String suffix, List<ModelTensor> tensors, Map<ModelTensor, Tensor> held) {

    /** What lies on disk. */
    List<TensorSpec> specs() {
      return tensors.stream()
          .map(tensor -> new TensorSpec(tensor.name() + suffix, DType.F32, tensor.piece().whole()))
          .distinct()
          .toList();
    }
  }

  private boolean trained(ModelTensor tensor) {
    return tensor.part() != Part.SELECTION_BIAS && groups.trains(tensor.part());
  }

  /**
   * Everything that goes beside the weights: the moments, and in a cold release the selection
   * biases as the balancer moves them, since folding a hold-back into them rounds.
   */
  private List<State> states(Manifest.@Nullable Selection selection) {
    Map<ModelTensor, Tensor> first = new LinkedHashMap<>();
    Map<ModelTensor, Tensor> second = new LinkedHashMap<>();
    optimizer()
        .moments()
        .forEach((tensor, moment) -> {
          first.put(tensor, moment.first());
          second.put(tensor, moment.second());
        });
    List<ModelTensor> trained = tensors.stream().filter(this::trained).toList();
    List<State> states =
        new ArrayList<>(
            List.of(new State(FIRST, trained, first), new State(SECOND, trained, second)));
    if (holdBack(selection) > 0) {
      Map<ModelTensor, Tensor> biases = new LinkedHashMap<>(decoder().weights().all());
      biases.keySet().removeIf(tensor -> tensor.part() != Part.SELECTION_BIAS);
      states.add(new State(UNFOLDED, List.copyOf(biases.keySet()), biases));
    }
    return states;
  }

  /** How a reader of the checkpoint must choose experts, null for plain top-K. */
  private Manifest.@Nullable Selection selection(TrainerState state) {
    Release release = state.release();
    if (release == null || release.progress(state.step()) == 1) {
      return lasting();
    }
    double progress = release.progress(state.step());
    return release.mode() == Mode.COLD
        ? new Manifest.Selection(Mode.COLD, 0, null, release.holdBack() * (1 - progress))
        : new Manifest.Selection(
            Mode.LINEAGE, progress, progress == 0 ? null : Release.penalty(progress), 0);
  }

  private static double holdBack(Manifest.@Nullable Selection selection) {
    return selection == null ? 0 : selection.holdBack();
  }

  /**
   * In memory the hold-back is a rule of its own; on disk it is folded into the replicas' selection
   * bias.
   */
  private Tensor foldedBias(int layer, Tensor bias_E, Manifest.@Nullable Selection selection) {
    return holdBack(selection) == 0
        ? bias_E
        : bias_E.sub(onReplicas(layer, (float) holdBack(selection)));
  }

  private void raiseReplicas(Manifest.@Nullable Selection selection) {
    if (holdBack(selection) > 0) {
      decoder()
          .selectionBiases()
          .forEach((layer, bias_E) -> bias_E.add_(onReplicas(layer, (float) holdBack(selection))));
    }
  }

  /** An amount for each replica of the last growth, and zero for each original, [E]. */
  private Tensor onReplicas(int layer, float amount) {
    float[] amounts_E = new float[decoder().experts()];
    manifest.growth().getLast().replicas(layer).forEach(expert -> amounts_E[expert] = amount);
    return Torch.tensor(amounts_E, amounts_E.length);
  }
}
