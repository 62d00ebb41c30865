package io.cambium.upcycle.dense;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.engine.Engines;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.SourceTensor;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.Accounting;
import io.cambium.upcycle.plan.Figures;
import io.cambium.upcycle.plan.SideFiles;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.ModelRunner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/** Works out, from headers and options alone, how a dense model becomes one with experts. */
public final class DensePlanner {

  /** Keys that mean the same in every class, in the order in which they are written. */
  private static final List<String> CARRIED =
      List.of(
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "initializer_range",
          "use_cache",
          "attention_dropout");

  private final SourceCheckpoint source;
  private final DenseParents parents;
  private final DenseOptions options;
  private final DenseHome home;
  private final DenseFormulas formulas;

  private DensePlanner(DenseParents parents, DenseOptions options) {
    this.source = parents.first();
    this.parents = parents;
    this.options = options;
    this.home = DenseHome.choose(source, options);
    this.formulas = new DenseFormulas(parents, home, options);
  }

  /**
   * Begins a plan.
   *
   * @param models the sources, opened, in their order
   * @throws UsageException if a source has experts already, the sources are not of one kind, or no
   *     family can take them
   */
  public static DensePlanner of(
      List<SourceCheckpoint> models, OptionalInt base, DenseOptions options) {
    for (SourceCheckpoint model : models) {
      if (!model.decoder().mixtureLayers().isEmpty()) {
        throw new UsageException(
            model.path(), "has experts already", "leave out the options for dense models");
      }
    }
    if (options.copies() < models.size()) {
      throw DenseOptions.invalid(
          "experts",
          options.copies() + " copies leave some of " + models.size() + " sources without one",
          "name at least " + models.size());
    }
    return new DensePlanner(new DenseParents(models, base), options);
  }

  /** What the router's rows follow. */
  public Directions directions(ModelRunner runner) {
    return options
        .router()
        .directions(parents.trunk(), home.decoder().mixtureLayers(), options.copies(), runner);
  }

  /**
   * The whole plan.
   *
   * @throws io.cambium.checkpoint.CheckpointException if a tensor of the sources is not accounted
   *     for
   */
  public UpcyclePlan plan(Path target, Directions directions) {
    List<ModelTensor> tensors = home.family().tensors(home.decoder());
    List<Entry> weights = tensors.stream().map(formulas::entry).toList();
    Sources sources = new Sources(parents.models(), directions);
    weights.stream()
        .filter(entry -> entry.isComputed() || isMeasured(entry))
        .forEach(sources::requireComputable);
    SideFiles sideFiles = SideFiles.of(source);
    return new UpcyclePlan(
        parents.models().stream().map(model -> model.origin().path().toString()).toList(),
        target.toString(),
        home.family().modelType(),
        settings(),
        options.seed(),
        DensePromise.of(parents, options, weights),
        options.runsOn(),
        home.engines(),
        Figures.of(source, home.decoder(), home.family(), weights, List.of()),
        config(),
        manifest(),
        weights,
        List.of(),
        sideFiles.copied(),
        leftOut(weights, sideFiles),
        warnings(directions));
  }

  private Manifest manifest() {
    return Manifest.of(sparse())
        .withSelection(options.router().selection(options.seed()).orElse(null));
  }

  private ObjectNode config() {
    ObjectNode config = home.config().deepCopy();
    ObjectNode from = source.weights().config().json();
    CARRIED.stream().filter(from::has).forEach(key -> config.set(key, from.get(key)));
    String dtype = formulas.modelType().torchName();
    return config.put("dtype", dtype).put("torch_dtype", dtype);
  }

  private SortedMap<String, String> leftOut(List<Entry> weights, SideFiles sideFiles) {
    SortedMap<String, String> leftOut =
        Accounting.leftOut(
            parents.models(),
            weights,
            tensor ->
                switch (tensor.origin()) {
                  case OPTIMIZER -> Optional.of("a new model begins with fresh moments");
                  case WEIGHTS -> leftOut(tensor);
                  case DIRECTIONS -> Optional.empty();
                });
    ObjectNode written = config();
    for (String key : source.weights().config().json().propertyNames()) {
      if (!written.has(key)) {
        leftOut.put("config key " + key, "not known to " + home.family().modelType());
      }
    }
    leftOut.putAll(sideFiles.reasons());
    return leftOut;
  }

  private Optional<String> leftOut(SourceTensor tensor) {
    if (parents.models().get(tensor.model()).weights().ignoredTensors().contains(tensor.name())) {
      return Optional.of("every loader computes it");
    }
    int base = parents.base().orElse(tensor.model());
    return base == tensor.model() ? Optional.empty() : Optional.of("taken from source " + base);
  }

  /** Copies of several models are compared, even where nothing else is computed of them. */
  private boolean isMeasured(Entry entry) {
    return parents.models().size() > 1 && entry.target().part().isExpert();
  }

  private Manifest.SparseUpcycling sparse() {
    SortedMap<String, Double> parameters = new TreeMap<>(options.experts().parameters());
    parameters.putAll(options.router().parameters());
    return new Manifest.SparseUpcycling(
        parents.models().stream().map(model -> model.weights().family().modelType()).toList(),
        options.copies(),
        options.topK(),
        options.granularity(),
        home.decoder().mixtureLayers(),
        options.sharedExpert(),
        options.experts().name(),
        options.router().name(),
        parameters,
        options.seed(),
        null);
  }

  private SequencedMap<String, String> settings() {
    List<Integer> layers = home.decoder().mixtureLayers();
    Mixture mixture = home.decoder().mixture(layers.getFirst());
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    settings.put("from", from());
    settings.put(
        "experts",
        "%d of width %d in %s, top-%d"
            .formatted(
                mixture.experts(), mixture.intermediateSize(), layers(layers), mixture.topK()));
    if (options.granularity() > 1) {
      settings.put(
          "granularity",
          "%d copies of each block in %d shards, %d copies per token"
              .formatted(options.copies(), options.granularity(), options.topK()));
    }
    settings.put("shared", shared(mixture));
    settings.put("init", described(options.experts().name(), options.experts().parameters()));
    settings.put("router", described(options.router().name(), options.router().parameters()));
    settings.put("seed", Long.toString(options.seed()));
    if (parents.models().size() > 1) {
      settings.put("compared", "with the logits of source 0, " + source.origin().path());
    }
    return settings;
  }

  private String from() {
    String family = source.weights().family().modelType();
    int models = parents.models().size();
    if (models == 1) {
      return family;
    }
    String others =
        parents.base().isPresent()
            ? "taken from source " + parents.base().getAsInt()
            : "the mean of all";
    return models + " models of " + family + ", copies in turn; other weights " + others;
  }

  private String layers(List<Integer> routing) {
    int all = home.decoder().layers().size();
    return routing.size() == all
        ? "all " + all + " layers"
        : "layers " + routing.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  private String shared(Mixture mixture) {
    if (options.sharedExpert()) {
      return "the dense block, at half weight";
    }
    return mixture.sharedIntermediateSize() == 0
        ? "no shared expert"
        : "one of width %d with a down projection of zeros, since engines want one"
            .formatted(mixture.sharedIntermediateSize());
  }

  private static String described(String name, Map<String, Double> parameters) {
    return name
        + parameters.entrySet().stream()
            .map(entry -> String.format(Locale.ROOT, ", %s %s", entry.getKey(), entry.getValue()))
            .collect(Collectors.joining());
  }

  private List<String> warnings(Directions directions) {
    List<String> warnings = new ArrayList<>(directions.warnings());
    warnings.addAll(Engines.warnings(home.engines(), options.runsOn()));
    boolean hash = options.router().selection(options.seed()).isPresent();
    if (hash) {
      warnings.add(
          "only Cambium chooses experts by token id: other engines would use the router's random"
              + " rows");
    }
    if (parents.models().size() > 1 && !parents.haveTokenizers()) {
      warnings.add(
          "the sources have no tokenizer.json, so that their vocabularies were not compared");
    }
    if (options.topK() == 1 && !hash) {
      warnings.add(
          "one expert per token with weights that add up to one gives the router no gradient from"
              + " the loss: take top-2, or balance it by other losses");
    }
    if (home.folded()) {
      warnings.add(
          home.family().modelType()
              + " has no norms that count from one and no factor on embeddings: both go into the"
              + " weights");
    }
    return warnings;
  }
}
