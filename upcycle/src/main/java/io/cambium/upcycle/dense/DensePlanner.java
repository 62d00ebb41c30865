package io.cambium.upcycle.dense;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.plan.Accounting;
import io.cambium.upcycle.plan.ModelSize;
import io.cambium.upcycle.plan.SideFiles;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.StepZero.Exact;
import io.cambium.upcycle.plan.StepZero.NotExact;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.plan.UpcyclePlan.Figures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/** Works out, from headers and options alone, how a dense model becomes one with experts. */
public final class DensePlanner {

  /** Keys that mean the same in every class. */
  private static final Set<String> CARRIED =
      Set.of(
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "initializer_range",
          "use_cache",
          "attention_dropout");

  private final SourceCheckpoint source;
  private final DenseOptions options;
  private final DenseHome home;
  private final DenseFormulas formulas;

  private DensePlanner(SourceCheckpoint source, DenseOptions options) {
    this.source = source;
    this.options = options;
    this.home = DenseHome.choose(source, options);
    this.formulas = new DenseFormulas(source, home, options);
  }

  /**
   * The whole plan.
   *
   * @throws UsageException if the source has experts already, or no family can take it
   * @throws io.cambium.checkpoint.CheckpointException if a tensor of the source is not accounted
   *     for
   */
  public static UpcyclePlan plan(SourceCheckpoint source, Path target, DenseOptions options) {
    if (!source.decoder().mixtureLayers().isEmpty()) {
      throw new UsageException(
          source.path(), "has experts already", "leave out the options for dense models");
    }
    return new DensePlanner(source, options).plan(target);
  }

  private UpcyclePlan plan(Path target) {
    List<ModelTensor> tensors = home.family().tensors(home.decoder());
    List<Entry> weights = tensors.stream().map(formulas::entry).toList();
    SideFiles sideFiles = SideFiles.of(source);
    long bytes = weights.stream().mapToLong(Entry::bytes).sum();
    return new UpcyclePlan(
        List.of(source.path().toString()),
        target.toString(),
        home.family().modelType(),
        settings(),
        options.seed(),
        stepZero(),
        new Figures(ModelSize.of(source), ModelSize.of(home.decoder(), tensors, bytes), 0),
        config(),
        Manifest.of(sparse()),
        weights,
        List.of(),
        sideFiles.copied(),
        leftOut(weights, sideFiles),
        warnings());
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
            List.of(source),
            weights,
            tensor ->
                switch (tensor.origin()) {
                  case OPTIMIZER -> Optional.of("a new model begins with fresh moments");
                  case WEIGHTS ->
                      source.weights().ignoredTensors().contains(tensor.name())
                          ? Optional.of("every loader computes it")
                          : Optional.empty();
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

  private StepZero stepZero() {
    DType dtype = formulas.modelType();
    if (!options.experts().keepsFunction()) {
      return new NotExact("the copies differ (" + options.experts().name() + ")");
    }
    if (home.folded() && dtype != DType.F32) {
      return new NotExact("norms or embeddings are computed anew and rounded to " + dtype);
    }
    if (Integer.bitCount(options.granularity()) > 1 && dtype != DType.F32) {
      return new NotExact("times " + options.granularity() + " is rounded to " + dtype);
    }
    return new Exact();
  }

  private Manifest.SparseUpcycling sparse() {
    SortedMap<String, Double> parameters = new TreeMap<>(options.experts().parameters());
    parameters.putAll(options.router().parameters());
    return new Manifest.SparseUpcycling(
        List.of(source.weights().family().modelType()),
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
    settings.put("from", source.weights().family().modelType());
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
    return settings;
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

  private List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (options.topK() == 1) {
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
