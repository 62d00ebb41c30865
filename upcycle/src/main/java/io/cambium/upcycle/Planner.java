package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.GrowthOptions.Mode;
import io.cambium.upcycle.GrowthOptions.Moments;
import io.cambium.upcycle.GrowthOptions.Replicas;
import io.cambium.upcycle.GrowthOptions.Rows;
import io.cambium.upcycle.SourceTensor.Origin;
import io.cambium.upcycle.UpcyclePlan.Entry;
import io.cambium.upcycle.UpcyclePlan.Figures;
import io.cambium.upcycle.UpcyclePlan.ModelSize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Works out a growth step from headers, selection biases and options alone. */
final class Planner {

  private final GrowthSource source;
  private final GrowthOptions options;
  private final SortedMap<Integer, Lineages> layers;
  private final Mixture mixture;

  private Planner(GrowthSource source, GrowthOptions options, SortedMap<Integer, Lineages> layers) {
    this.source = source;
    this.options = options;
    this.layers = layers;
    this.mixture = source.mixture();
  }

  /**
   * The lineages of every layer that routes.
   *
   * @throws io.cambium.checkpoint.UsageException if the options do not fit the model
   */
  static SortedMap<Integer, Lineages> lineages(GrowthSource source, GrowthOptions options) {
    Mixture mixture = source.mixture();
    int experts = mixture.experts();
    if (options.experts() <= experts) {
      throw GrowthOptions.invalid(
          "experts",
          options.experts() + " are no more than the " + experts + " the model has",
          "name a larger number");
    }
    boolean needsBias =
        options.mode() == Mode.COLD
            || options.biasNoise() > 0
            || (options.mode() == Mode.LINEAGE && options.replicas() == Replicas.DROP);
    if (needsBias && !mixture.router().selectionBias()) {
      throw GrowthOptions.invalid(
          "mode", "needs a router with a selection bias, which this family has not", null);
    }
    SortedMap<Integer, Lineages> layers = new TreeMap<>();
    options
        .counts()
        .resolve(source.weights().decoder().mixtureLayers(), experts, options.experts())
        .forEach((layer, counts) -> layers.put(layer, Lineages.of(counts)));
    if (options.mode() == Mode.WIDE && !layers.values().stream().allMatch(Lineages::isUniform)) {
      throw GrowthOptions.invalid(
          "experts",
          options.experts() + " give unequal counts, which mode wide cannot weight",
          "name a multiple of " + experts);
    }
    return layers;
  }

  /**
   * The whole plan.
   *
   * @throws CheckpointException if a tensor of the source is not accounted for
   */
  static UpcyclePlan plan(
      GrowthSource source,
      Path target,
      GrowthOptions options,
      SortedMap<Integer, Lineages> layers,
      List<String> directionWarnings) {
    return new Planner(source, options, layers).plan(target, directionWarnings);
  }

  private UpcyclePlan plan(Path target, List<String> directionWarnings) {
    CheckpointDirectory directory = source.weights();
    ObjectNode config = config();
    DecoderSpec decoder =
        directory.family().decoder(new ModelConfig(target.resolve("config.json"), config));
    List<ModelTensor> tensors = directory.family().tensors(decoder);
    double holdBack = holdBack();
    WeightFormulas formulas = new WeightFormulas(source, options, layers, holdBack);
    List<Entry> weights = tensors.stream().map(formulas::entry).toList();
    List<Entry> moments =
        source
            .optimizer()
            .map(file -> new MomentFormulas(file, formulas, options.moments()).entries(tensors))
            .orElse(List.of());
    SideFiles sideFiles = SideFiles.of(directory.path(), written());
    SortedMap<String, String> leftOut = leftOut(weights, moments, sideFiles);
    return new UpcyclePlan(
        directory.path().toString(),
        target.toString(),
        directory.family().modelType(),
        growth(),
        counts(),
        selection(holdBack),
        stepZero(),
        figures(weights, moments, decoder, tensors),
        config,
        weights,
        moments,
        copied(sideFiles),
        leftOut,
        warnings(directionWarnings));
  }

  private ObjectNode config() {
    Family family = source.weights().family();
    ObjectNode config = family.withExperts(source.weights().config().json(), options.experts());
    if (options.mode() != Mode.WIDE) {
      return config;
    }
    int m = options.experts() / mixture.experts();
    ObjectNode wide = family.withTopK(config, mixture.topK() * m);
    // Weights that are not normalised would add up to m times the source's.
    return mixture.router().normalised()
        ? wide
        : family.withRouterScale(wide, mixture.router().scale() / m);
  }

  private double holdBack() {
    if (options.mode() == Mode.COLD) {
      double spread =
          layers.keySet().stream()
              .map(layer -> source.spec(Part.SELECTION_BIAS, layer, ModelTensor.NONE))
              .map(spec -> Floats.read(source.weights().data(spec.name()), spec.dtype()))
              .mapToDouble(HoldBack::spread)
              .max()
              .orElseThrow();
      return HoldBack.above(mixture.router().score(), spread + options.biasNoise());
    }
    // Siblings inherit one bias, so that between them only the scores differ.
    return options.mode() == Mode.LINEAGE && options.replicas() == Replicas.DROP
        ? HoldBack.above(mixture.router().score(), 0)
        : 0;
  }

  private Manifest.@Nullable Selection selection(double holdBack) {
    return switch (options.mode()) {
      case FLAT, WIDE -> null;
      case LINEAGE -> new Manifest.Selection(Mode.LINEAGE.toString(), 0, null, holdBack);
      case COLD -> new Manifest.Selection(Mode.COLD.toString(), 1, null, holdBack);
    };
  }

  private StepZero stepZero() {
    return StepZero.of(options, mixture, routerType(), layers.values());
  }

  private DType routerType() {
    return source.spec(Part.ROUTER, layers.firstKey(), ModelTensor.NONE).dtype();
  }

  private Manifest.Growth growth() {
    SortedMap<Integer, List<Integer>> parents = new TreeMap<>();
    layers.forEach((layer, lineages) -> parents.put(layer, lineages.parents()));
    return new Manifest.Growth(
        options.mode().toString(),
        options.rows().toString(),
        options.rowDelta(),
        options.biasNoise(),
        options.replicas().toString(),
        options.dropRate(),
        options.moments().toString(),
        options.seed(),
        source.step().isPresent() ? source.step().getAsLong() : null,
        mixture.experts(),
        options.experts(),
        parents);
  }

  private SortedMap<Integer, List<Integer>> counts() {
    SortedMap<Integer, List<Integer>> counts = new TreeMap<>();
    layers.forEach((layer, lineages) -> counts.put(layer, lineages.counts()));
    return counts;
  }

  private Set<String> written() {
    Set<String> written = new HashSet<>(source.weights().files().keySet());
    written.add(CheckpointDirectory.CONFIG);
    written.add(CheckpointDirectory.INDEX);
    written.add(Manifest.FILE_NAME);
    return written;
  }

  private List<String> copied(SideFiles sideFiles) {
    List<String> copied = new ArrayList<>(sideFiles.copied());
    if (source.optimizer().isPresent()) {
      copied.add(SideFiles.TRAINER);
    }
    return copied;
  }

  /** Names what does not go along, and refuses to leave anything out in silence. */
  private SortedMap<String, String> leftOut(
      List<Entry> weights, List<Entry> moments, SideFiles sideFiles) {
    Set<SourceTensor> unused = new HashSet<>(source.all().keySet());
    weights.forEach(entry -> entry.formula().sources().forEach(unused::remove));
    moments.forEach(entry -> entry.formula().sources().forEach(unused::remove));
    SortedMap<String, String> leftOut = new TreeMap<>();
    if (options.moments() == Moments.RESET) {
      unused.stream()
          .filter(tensor -> tensor.origin() == Origin.OPTIMIZER)
          .forEach(tensor -> leftOut.put(tensor.toString(), "moments are reset"));
      unused.removeIf(tensor -> tensor.origin() == Origin.OPTIMIZER);
    }
    if (!unused.isEmpty()) {
      throw new CheckpointException(
          source.weights().path(),
          unused.size()
              + " tensors have no place in the grown model, such as "
              + unused.stream().map(SourceTensor::toString).sorted().findFirst().orElseThrow(),
          "remove them from the source if they are not needed");
    }
    sideFiles.leftOut().forEach(file -> leftOut.put(file, "not part of the model"));
    return leftOut;
  }

  private Figures figures(
      List<Entry> weights, List<Entry> moments, DecoderSpec decoder, List<ModelTensor> tensors) {
    CheckpointDirectory directory = source.weights();
    long sourceBytes =
        directory.tensors().stream().mapToLong(t -> directory.spec(t.name()).bytes()).sum();
    return new Figures(
        size(directory.decoder(), directory.tensors(), sourceBytes),
        size(decoder, tensors, bytes(weights)),
        bytes(moments));
  }

  private static long bytes(Collection<Entry> entries) {
    return entries.stream().map(Entry::tensor).mapToLong(TensorSpec::bytes).sum();
  }

  private ModelSize size(DecoderSpec decoder, List<ModelTensor> tensors, long bytes) {
    Mixture routed = (Mixture) decoder.layers().get(layers.firstKey());
    long all = elements(tensors);
    long experts = elements(tensors.stream().filter(t -> t.part().isExpert()).toList());
    long idle = experts / routed.experts() * (routed.experts() - routed.topK());
    return new ModelSize(routed.experts(), routed.topK(), all, all - idle, bytes);
  }

  private static long elements(List<ModelTensor> tensors) {
    return tensors.stream()
        .mapToLong(t -> t.shape().stream().reduce(1L, Math::multiplyExact))
        .sum();
  }

  private List<String> warnings(List<String> directionWarnings) {
    List<String> warnings = new ArrayList<>(directionWarnings);
    boolean equalRows = options.rows() == Rows.COPY;
    boolean equalExperts = options.replicas() == Replicas.COPY;
    if (options.mode() == Mode.LINEAGE && equalRows) {
      warnings.add(
          "siblings with equal router rows cannot part in mode lineage: one of them gets all"
              + " tokens of its lineage; rows split or antithetic differ by token");
    }
    if (options.mode() != Mode.LINEAGE && equalRows && equalExperts && options.biasNoise() == 0) {
      warnings.add(
          "replicas are exact copies with their parents' router rows: once they are chosen, only"
              + " the balancer's bias steps part them; dropped replicas or bias noise differ");
    }
    if (!equalRows && routerType() != DType.F32) {
      warnings.add(
          "the router is " + routerType() + ": rows are computed in fp32 and rounded to it");
    }
    return warnings;
  }
}
