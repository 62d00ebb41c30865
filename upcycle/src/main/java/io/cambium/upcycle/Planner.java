package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointDirectory;
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
import io.cambium.upcycle.UpcyclePlan.Entry;
import io.cambium.upcycle.UpcyclePlan.Figures;
import java.nio.file.Path;
import java.util.ArrayList;
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
    boolean needsBias = options.mode() == Mode.COLD || options.biasNoise() > 0;
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
   * @throws io.cambium.checkpoint.CheckpointException if a tensor of the source is not accounted
   *     for
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
    SortedMap<String, String> leftOut =
        Accounting.leftOut(source, options.moments(), weights, moments, sideFiles);
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
        GrowthWarnings.of(options, routerType(), directionWarnings));
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

  /** One number for the whole model: the largest that a layer needs. */
  private double holdBack() {
    if (options.mode() != Mode.COLD) {
      return 0;
    }
    double spread =
        layers.keySet().stream()
            .map(layer -> source.spec(Part.SELECTION_BIAS, layer, ModelTensor.NONE))
            .map(spec -> Floats.read(source.weights().data(spec.name()), spec.dtype()))
            .mapToDouble(biases_E -> HoldBack.spread(biases_E, source.weights().path()))
            .max()
            .orElseThrow();
    return HoldBack.above(mixture.router().score(), spread + options.biasNoise());
  }

  private Manifest.@Nullable Selection selection(double holdBack) {
    return switch (options.mode()) {
      case FLAT, WIDE -> null;
      case LINEAGE -> new Manifest.Selection(Mode.LINEAGE.toString(), 0, null, 0);
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

  private Figures figures(
      List<Entry> weights, List<Entry> moments, DecoderSpec decoder, List<ModelTensor> tensors) {
    CheckpointDirectory directory = source.weights();
    long sourceBytes =
        directory.tensors().stream().mapToLong(t -> directory.spec(t.name()).bytes()).sum();
    return new Figures(
        ModelSize.of(directory.decoder(), directory.tensors(), sourceBytes),
        ModelSize.of(decoder, tensors, bytes(weights)),
        bytes(moments));
  }

  private static long bytes(List<Entry> entries) {
    return entries.stream().map(Entry::tensor).mapToLong(TensorSpec::bytes).sum();
  }
}
