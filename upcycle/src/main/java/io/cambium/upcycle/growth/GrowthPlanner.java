package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.family.Quantisation;
import io.cambium.upcycle.engine.Candidate;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.engine.Engines;
import io.cambium.upcycle.engine.Verdict;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor;
import io.cambium.upcycle.ledger.SourceTensor.Origin;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.Accounting;
import io.cambium.upcycle.plan.Figures;
import io.cambium.upcycle.plan.SideFiles;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
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
    this.mixture = Growable.requireMixture(source.weights());
    this.options = options.fitting(mixture.router());
    Growable.requireTrained(source.weights());
    Growable.requireCopiedIfQuantised(source.weights(), options);
    this.layers = lineages(source.decoder(), mixture, this.options);
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

  /**
   * Refuses what {@link #of} and {@link #plan} would refuse whatever training makes of the model
   * until then, from its headers alone.
   *
   * @throws io.cambium.checkpoint.CambiumException if the model can never grow, or not with these
   *     options
   */
  public static void requireFits(CheckpointDirectory model, GrowthOptions options) {
    requireFits(model, model.decoder(), options);
  }

  /**
   * The same of a growth that comes after others.
   *
   * @param before what those make of the model ({@link #grown})
   */
  public static void requireFits(
      CheckpointDirectory model, DecoderSpec before, GrowthOptions options) {
    Growable.requireMixture(model);
    Growable.requireCopiedIfQuantised(model, options);
    Mixture mixture = before.mixture(before.mixtureLayers().getFirst());
    lineages(before, mixture, options.fitting(mixture.router()));
    config(model, mixture, options);
  }

  /** What a model will compute once it has grown, from its headers alone. */
  public static DecoderSpec grown(CheckpointDirectory model, GrowthOptions options) {
    ObjectNode config = config(model, Growable.requireMixture(model), options);
    return model.family().decoder(new ModelConfig(model.config().file(), config));
  }

  /** The lineages of every layer that routes. */
  private static SortedMap<Integer, Lineages> lineages(
      DecoderSpec model, Mixture mixture, GrowthOptions options) {
    requireFits(mixture, model.hiddenSize(), options);
    int experts = mixture.experts();
    int groups = mixture.router().groups().count();
    SortedMap<Integer, Lineages> resolved = new TreeMap<>();
    options
        .counts()
        .resolve(model.mixtureLayers(), experts, options.experts(), groups)
        .forEach((layer, counts) ->
            resolved.put(
                layer, groups == 1 ? Lineages.byRounds(counts) : Lineages.sideBySide(counts)));
    ModeFit.require(options, mixture, resolved.values());
    return resolved;
  }

  private static void requireFits(Mixture mixture, int hiddenSize, GrowthOptions options) {
    int experts = mixture.experts();
    if (options.experts() <= experts) {
      throw GrowthOptions.invalid(
          "experts",
          options.experts() + " are no more than the " + experts + " the model has",
          "name a larger number");
    }
    options.replicas().requireFits(experts, mixture.intermediateSize(), hiddenSize);
    if (options.rows() == Rows.INTERPOLATE && experts == 1) {
      throw GrowthOptions.invalid(
          "rows", "interpolate needs another expert's row, and layers have only one", null);
    }
  }

  /**
   * What has to be computed by running the model: directions of router rows that differ, and
   * gradients for replicas {@code adversarial}.
   *
   * @param runner asked what every expert is given, for rows {@code split}, and for gradients
   */
  public Directions directions(ModelRunner runner, List<TokenIds> calibration) {
    Directions rows =
        options.rows().haveDirections() ? rowDirections(runner, calibration) : Directions.NONE;
    return options.replicas().needsGradients()
        ? rows.and(GradientDirections.compute(source, layers, tokens(calibration), runner))
        : rows;
  }

  private Directions rowDirections(ModelRunner runner, List<TokenIds> calibration) {
    List<InputMoments> moments =
        options.rows() == Rows.SPLIT
            ? runner.inputMoments(source.runnable(), tokens(calibration))
            : List.of();
    return RowDirections.compute(options, layers, source.decoder().hiddenSize(), moments);
  }

  private List<TokenIds> tokens(List<TokenIds> calibration) {
    if (calibration.isEmpty()) {
      boolean split = options.rows() == Rows.SPLIT;
      throw GrowthOptions.invalid(
          split ? "rows" : "replicas",
          split
              ? "split follows what each expert is given, so it needs tokens"
              : options.replicas().name() + " follows the gradient of the loss, so it needs tokens",
          "give --data DIR");
    }
    return calibration;
  }

  /**
   * The whole plan.
   *
   * @throws io.cambium.checkpoint.CheckpointException if a tensor of the source is not accounted
   *     for
   */
  public UpcyclePlan plan(Path target, Directions directions) {
    CheckpointDirectory directory = source.weights();
    ObjectNode config = config(directory, mixture, options);
    DecoderSpec decoder =
        directory.family().decoder(new ModelConfig(target.resolve("config.json"), config));
    List<ModelTensor> tensors = directory.tensorsInSameForm(decoder);
    double holdBack = holdBack();
    WeightFormulas formulas = new WeightFormulas(source, options, layers, holdBack);
    List<Entry> weights = tensors.stream().map(formulas::entry).toList();
    Sources sources = new Sources(List.of(source), directions);
    weights.stream().filter(Entry::isComputed).forEach(sources::requireComputable);
    List<Entry> moments =
        source
            .optimizer()
            .map(file -> new MomentFormulas(file, formulas, options.moments()).entries(tensors))
            .orElse(List.of());
    Manifest.Growth growth = growth();
    Manifest.Selection selection = selection(holdBack);
    Manifest manifest = directory.manifest().withGrowth(growth, selection);
    SequencedMap<Engine, Verdict> engines = engines(config, decoder, tensors, manifest);
    SideFiles sideFiles = SideFiles.of(source);
    return new UpcyclePlan(
        List.of(source.origin().path().toString()),
        target.toString(),
        directory.family().modelType(),
        GrowthSettings.of(
            growth,
            selection,
            options.counts(),
            layers,
            mixture.topK(),
            topK(mixture, options),
            !moments.isEmpty()),
        options.seed(),
        stepZero(),
        options.runsOn(),
        engines,
        Figures.of(source, decoder, directory.family(), weights, moments),
        config,
        manifest,
        weights,
        moments,
        copied(sideFiles),
        leftOut(weights, moments, sideFiles),
        warnings(directions, engines));
  }

  /**
   * Whether each engine will run the result.
   *
   * @throws UsageException if one that has to will not
   */
  private SequencedMap<Engine, Verdict> engines(
      ObjectNode config, DecoderSpec decoder, List<ModelTensor> tensors, Manifest manifest) {
    Family family = source.weights().family();
    ModelTensor expert = source.tensor(Part.EXPERT_DOWN, layers.firstKey(), 0);
    SequencedMap<Engine, Verdict> engines =
        Engine.verdicts(
            new Candidate(
                family.modelType(),
                decoder,
                config,
                source.weights().spec(expert.name()).dtype(),
                tensors.equals(family.tensors(decoder, source.weights().quantisation())),
                Candidate.hasGlmTokens(source),
                manifest));
    List<String> refusals = Engines.refusals(engines, options.runsOn());
    if (!refusals.isEmpty()) {
      throw new UsageException(
          source.path(),
          "would grow into what an engine refuses: " + String.join("; ", refusals),
          "leave the engine out of --runs-on, or mend what it names");
    }
    return engines;
  }

  private List<String> warnings(Directions directions, SequencedMap<Engine, Verdict> engines) {
    List<String> warnings = new ArrayList<>();
    CheckpointDirectory model = source.weights();
    if (model.ignoredTensors().stream().anyMatch(tensor -> isOfPredictionLayer(tensor, model))) {
      warnings.add(
          "the layers behind the last, which predict further tokens for speculative decoding, are"
              + " left out: num_nextn_predict_layers is 0 afterwards");
    }
    warnings.addAll(
        GrowthWarnings.of(options, mixture.router(), routerType(), directions.warnings()));
    warnings.addAll(Engines.warnings(engines, options.runsOn()));
    return warnings;
  }

  private static ObjectNode config(
      CheckpointDirectory model, Mixture mixture, GrowthOptions options) {
    Family family = model.family();
    ObjectNode config =
        family.withExperts(family.spelledOut(model.config().json()), options.experts());
    if (model.ignoredTensors().stream().anyMatch(tensor -> isOfPredictionLayer(tensor, model))) {
      config = family.withoutPredictionLayers(config);
    }
    Router router = mixture.router();
    if (router.groups().count() == 1 && config.path("n_group").asInt(1) > 1) {
      // All groups are in play, which is one group; engines would still divide the experts by them.
      config.put("n_group", 1).put("topk_group", 1);
    }
    if (options.mode() != Mode.WIDE) {
      return config;
    }
    ObjectNode wide = family.withTopK(config, topK(mixture, options));
    // Siblings share what a softmax gives their parent; sigmoids would add up to m times as much.
    int m = options.experts() / mixture.experts();
    return router.normalised() || router.score() == Score.SOFTMAX
        ? wide
        : family.withRouterScale(wide, router.scale() / m);
  }

  private StepZero stepZero() {
    StepZero promise = GrowthPromise.of(options, mixture, routerType(), layers.values());
    Quantisation quantisation = source.weights().quantisation();
    return quantisation instanceof Quantisation.None
        ? promise
        : new StepZero.NotRun(
            promise,
            "weights are stored in " + quantisation.method() + ", which Cambium does not run");
  }

  private static boolean isOfPredictionLayer(String tensor, CheckpointDirectory model) {
    return model.family().isOfPredictionLayer(tensor, model.config());
  }

  private static int topK(Mixture mixture, GrowthOptions options) {
    int topK = mixture.topK();
    return options.mode() == Mode.WIDE ? topK * (options.experts() / mixture.experts()) : topK;
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
    // A factor on the biases only brings them closer together.
    return HoldBack.above(mixture.router().score(), spread + options.biasNoise());
  }

  private Manifest.@Nullable Selection selection(double holdBack) {
    return switch (options.mode()) {
      case FLAT, WIDE -> null;
      case LINEAGE -> new Manifest.Selection(Manifest.Selection.Mode.LINEAGE, 0, null, 0);
      case COLD -> new Manifest.Selection(Manifest.Selection.Mode.COLD, 1, null, holdBack);
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
        options.replicas().name(),
        options.replicas().amount(),
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
        Accounting.leftOut(List.of(source), entries, this::reasonToLeaveOut);
    leftOut.putAll(sideFiles.reasons());
    return leftOut;
  }

  private Optional<String> reasonToLeaveOut(SourceTensor tensor) {
    if (tensor.origin() == Origin.OPTIMIZER) {
      return options.moments() == Moments.RESET
          ? Optional.of("moments are reset")
          : Optional.empty();
    }
    if (isOfPredictionLayer(tensor.name(), source.weights())) {
      return Optional.of("a layer that predicts further tokens does not grow");
    }
    return source.weights().ignoredTensors().contains(tensor.name())
        ? Optional.of("every loader computes it")
        : Optional.empty();
  }
}
