package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import io.cambium.upcycle.plan.Accounting;
import io.cambium.upcycle.plan.ModelSize;
import io.cambium.upcycle.plan.SideFiles;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.plan.UpcyclePlan.Figures;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Works out a growth step from headers, selection biases and options alone. */
public final class GrowthPlanner {

  private final SourceCheckpoint source;
  private final GrowthOptions options;
  private final Mixture mixture;
  private final SortedMap<Integer, Lineages> layers;

  private GrowthPlanner(SourceCheckpoint source, GrowthOptions options) {
    this.source = source;
    this.options = options;
    this.mixture = Growable.requireMixture(source.weights());
    this.layers = lineages();
  }

  /**
   * Begins a plan.
   *
   * @throws io.cambium.checkpoint.CambiumException if the checkpoint cannot grow, or the options do
   *     not fit it
   */
  public static GrowthPlanner of(SourceCheckpoint source, GrowthOptions options) {
    return new GrowthPlanner(source, options);
  }

  /** The lineages of every layer that routes. */
  private SortedMap<Integer, Lineages> lineages() {
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
    SortedMap<Integer, Lineages> resolved = new TreeMap<>();
    options
        .counts()
        .resolve(source.decoder().mixtureLayers(), experts, options.experts())
        .forEach((layer, counts) -> resolved.put(layer, Lineages.of(counts)));
    if (options.mode() == Mode.WIDE && !resolved.values().stream().allMatch(Lineages::isUniform)) {
      throw GrowthOptions.invalid(
          "experts",
          options.experts() + " give unequal counts, which mode wide cannot weight",
          "name a multiple of " + experts);
    }
    return resolved;
  }

  /**
   * The directions of router rows that differ.
   *
   * @param runner asked what every expert is given, for rows {@code split}
   */
  public Directions directions(ModelRunner runner, List<TokenIds> calibration) {
    if (options.rows() == Rows.COPY) {
      return Directions.NONE;
    }
    if (options.rows() == Rows.SPLIT && calibration.isEmpty()) {
      throw GrowthOptions.invalid(
          "rows", "split follows what each expert is given, so it needs tokens", "give --data DIR");
    }
    List<InputMoments> moments =
        options.rows() == Rows.SPLIT ? runner.inputMoments(source.path(), calibration) : List.of();
    return RowDirections.compute(options, layers, source.decoder().hiddenSize(), moments);
  }

  /**
   * The whole plan.
   *
   * @throws io.cambium.checkpoint.CheckpointException if a tensor of the source is not accounted
   *     for
   */
  public UpcyclePlan plan(Path target, Directions directions) {
    CheckpointDirectory directory = source.weights();
    ObjectNode config = config();
    DecoderSpec decoder =
        directory.family().decoder(new ModelConfig(target.resolve("config.json"), config));
    List<ModelTensor> tensors = directory.tensorsInSameForm(decoder);
    double holdBack = holdBack();
    WeightFormulas formulas = new WeightFormulas(source, options, layers, holdBack);
    List<Entry> weights = tensors.stream().map(formulas::entry).toList();
    List<Entry> moments =
        source
            .optimizer()
            .map(file -> new MomentFormulas(file, formulas, options.moments()).entries(tensors))
            .orElse(List.of());
    Manifest.Growth growth = growth();
    Manifest.Selection selection = selection(holdBack);
    SideFiles sideFiles = SideFiles.of(source);
    return new UpcyclePlan(
        List.of(directory.path().toString()),
        target.toString(),
        directory.family().modelType(),
        GrowthSettings.of(growth, selection, layers, mixture.topK(), topK(), !moments.isEmpty()),
        options.seed(),
        GrowthPromise.of(options, mixture, routerType(), layers.values()),
        figures(weights, moments, decoder, tensors),
        config,
        directory.manifest().withGrowth(growth, selection),
        weights,
        moments,
        copied(sideFiles),
        leftOut(weights, moments, sideFiles),
        GrowthWarnings.of(options, routerType(), directions.warnings()));
  }

  private ObjectNode config() {
    Family family = source.weights().family();
    ObjectNode config = family.withExperts(source.weights().config().json(), options.experts());
    if (options.mode() != Mode.WIDE) {
      return config;
    }
    ObjectNode wide = family.withTopK(config, topK());
    // Weights that are not normalised would add up to m times the source's.
    return mixture.router().normalised()
        ? wide
        : family.withRouterScale(wide, mixture.router().scale() / multiplier());
  }

  private int topK() {
    return options.mode() == Mode.WIDE ? mixture.topK() * multiplier() : mixture.topK();
  }

  private int multiplier() {
    return options.experts() / mixture.experts();
  }

  /** One number for the whole model: the largest that a layer needs. */
  private double holdBack() {
    if (options.mode() != Mode.COLD) {
      return 0;
    }
    double spread =
        layers.keySet().stream()
            .map(layer -> source.tensor(Part.SELECTION_BIAS, layer, ModelTensor.NONE))
            .mapToDouble(tensor -> HoldBack.spread(source.floats(tensor), source.path()))
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

  private DType routerType() {
    ModelTensor router = source.tensor(Part.ROUTER, layers.firstKey(), ModelTensor.NONE);
    return source.weights().spec(router.name()).dtype();
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

  private List<String> copied(SideFiles sideFiles) {
    List<String> copied = new ArrayList<>(sideFiles.copied());
    if (source.optimizer().isPresent()) {
      copied.add(SourceCheckpoint.TRAINER);
    }
    return copied;
  }

  private SortedMap<String, String> leftOut(
      List<Entry> weights, List<Entry> moments, SideFiles sideFiles) {
    List<Entry> entries = new ArrayList<>(weights);
    entries.addAll(moments);
    SortedMap<String, String> leftOut =
        Accounting.leftOut(
            List.of(source),
            entries,
            tensor ->
                tensor.origin() == Origin.OPTIMIZER && options.moments() == Moments.RESET
                    ? Optional.of("moments are reset")
                    : Optional.empty());
    leftOut.putAll(sideFiles.reasons());
    return leftOut;
  }

  private Figures figures(
      List<Entry> weights, List<Entry> moments, DecoderSpec decoder, List<ModelTensor> tensors) {
    return new Figures(
        ModelSize.of(source), ModelSize.of(decoder, tensors, bytes(weights)), bytes(moments));
  }

  private static long bytes(List<Entry> entries) {
    return entries.stream().mapToLong(Entry::bytes).sum();
  }
}
