package io.cambium.upcycle.dense;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.DecoderSpec.Scales;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.MixtureForm;
import io.cambium.checkpoint.family.MixtureForm.Shared;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.engine.Candidate;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.engine.Engines;
import io.cambium.upcycle.engine.Verdict;
import io.cambium.upcycle.engine.Verdict.Word;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/**
 * A family that can compute what a dense model does, with experts in the place of its blocks.
 *
 * @param decoder what it then computes
 * @param config its config.json
 * @param folded whether constants that the family has not go into the weights: norms that count
 *     from one, a factor on the embeddings
 * @param engines whether each engine will run it
 */
record DenseHome(
    Family family,
    DecoderSpec decoder,
    ObjectNode config,
    boolean folded,
    SequencedMap<Engine, Verdict> engines) {

  /** Neurons of a shared expert that only engines ask for. */
  private static final int SMALL_SHARED = 16;

  /** In the order of preference: the plainest first. */
  private static final List<String> HOMES =
      List.of(
          "mixtral",
          "qwen3_moe",
          "qwen2_moe",
          "flex_olmo",
          "granitemoe",
          "dots1",
          "ernie4_5_moe",
          "hunyuan_v1_moe",
          "glm4_moe");

  /**
   * The family that was asked for, or the first that all engines which were asked for run; one that
   * nobody has seen an engine run comes after those.
   *
   * @throws UsageException if there is none; it says why, for each
   */
  static DenseHome choose(SourceCheckpoint source, DenseOptions options) {
    StringBuilder reasons = new StringBuilder();
    List<DenseHome> homes = homes(source, source.decoder(), options, reasons);
    return best(homes, options.runsOn()).orElseThrow(() -> none(source, options, homes, reasons));
  }

  /**
   * Every family that can compute the same.
   *
   * @param dense what the source computes
   * @param reasons takes a line for each family that cannot, and for each engine that refuses one
   */
  private static List<DenseHome> homes(
      SourceCheckpoint source, DecoderSpec dense, DenseOptions options, StringBuilder reasons) {
    List<DenseHome> homes = new ArrayList<>();
    for (String candidate : options.family().map(List::of).orElse(HOMES)) {
      try {
        DenseHome home = of(candidate, source, dense, options);
        homes.add(home);
        Engines.refusals(home.engines, options.runsOn())
            .forEach(refusal -> reasons.append(reason(candidate, refusal)));
      } catch (IllegalArgumentException e) {
        reasons.append(reason(candidate, said(e)));
      }
    }
    return homes;
  }

  private static String reason(String family, String why) {
    return "\n  " + family + ": " + why;
  }

  private static String said(IllegalArgumentException refusal) {
    return String.valueOf(refusal.getMessage()).lines().findFirst().orElse("");
  }

  private static UsageException none(
      SourceCheckpoint source, DenseOptions options, List<DenseHome> homes, StringBuilder reasons) {
    List<Engine> engines = options.runsOn();
    boolean windows = homes.isEmpty() && hasHomeWithoutWindows(source, options);
    Optional<String> shorter = windows ? SlidingLayers.remedy(source) : Optional.empty();
    return new UsageException(
        source.path(),
        "has no home among families with experts that would compute the same"
            + (engines.isEmpty() ? "" : " on " + Engine.joined(engines))
            + ":"
            + reasons
            + (windows ? SlidingLayers.reason(source) : ""),
        shorter.orElseGet(() -> remedy(homes, engines)));
  }

  /** Whether windows alone are in the way. */
  private static boolean hasHomeWithoutWindows(SourceCheckpoint source, DenseOptions options) {
    if (!SlidingLayers.isAny(source)) {
      return false;
    }
    DecoderSpec full = SlidingLayers.without(source.decoder());
    return best(homes(source, full, options, new StringBuilder()), options.runsOn()).isPresent();
  }

  /** The first that engines run; else the first that none of them refuses. */
  private static Optional<DenseHome> best(List<DenseHome> homes, List<Engine> engines) {
    return Stream.of(Word.WARNED, Word.NOT_VERIFIED)
        .flatMap(allowed ->
            homes.stream()
                .filter(home -> Engines.gravest(home.engines, engines).compareTo(allowed) <= 0))
        .findFirst();
  }

  /** One run for each family, where every engine has one of its own. */
  private static String remedy(List<DenseHome> homes, List<Engine> engines) {
    SequencedMap<String, List<Engine>> enginesByHome = new LinkedHashMap<>();
    for (Engine engine : engines) {
      best(homes, List.of(engine))
          .ifPresent(home ->
              enginesByHome
                  .computeIfAbsent(home.family.modelType(), _ -> new ArrayList<>())
                  .add(engine));
    }
    if (enginesByHome.isEmpty()) {
      return "change --layers or --family, or choose another source";
    }
    return "no single home for all of them; run it once with each of: "
        + enginesByHome.entrySet().stream()
            .map(home ->
                "--runs-on " + Engine.joined(home.getValue()) + " (goes to " + home.getKey() + ")")
            .collect(Collectors.joining(", "));
  }

  /**
   * A family as a home.
   *
   * @throws IllegalArgumentException if it cannot compute the same; the message says why
   */
  private static DenseHome of(
      String modelType, SourceCheckpoint source, DecoderSpec dense, DenseOptions options) {
    Family family = Families.named(modelType);
    MixtureForm form = family.mixtureForm();
    if (form == null) {
      throw new IllegalArgumentException("its experts cannot add up to a dense block");
    }
    try {
      return of(family, form, false, source, dense, options);
    } catch (IllegalArgumentException e) {
      if (!hasConstants(dense)) {
        throw e;
      }
      return folded(family, form, source, dense, options, e);
    }
  }

  /** Whether there is something that could go into the weights. */
  private static boolean hasConstants(DecoderSpec dense) {
    return dense.norms().fromOne() || dense.scales().embedding() != 1;
  }

  private static DenseHome folded(
      Family family,
      MixtureForm form,
      SourceCheckpoint source,
      DecoderSpec dense,
      DenseOptions options,
      IllegalArgumentException asItIs) {
    try {
      return of(family, form, true, source, dense, options);
    } catch (IllegalArgumentException e) {
      throw said(e).equals(said(asItIs))
          ? asItIs
          : new IllegalArgumentException(
              said(asItIs) + "; and with that in the weights, " + said(e), e);
    }
  }

  private static DenseHome of(
      Family family,
      MixtureForm form,
      boolean folded,
      SourceCheckpoint source,
      DecoderSpec dense,
      DenseOptions options) {
    DecoderSpec decoder = decoder(dense, form, folded, options);
    int positions = source.weights().config().requirePositiveInt("max_position_embeddings");
    ObjectNode config = family.newConfig(decoder, positions);
    String block = source.tensor(Part.DENSE_DOWN, 0, ModelTensor.NONE).name();
    Candidate candidate =
        new Candidate(
            family.modelType(),
            decoder,
            config,
            source.weights().spec(block).dtype(),
            true,
            Candidate.hasGlmTokens(source),
            Manifest.EMPTY.withSelection(options.router().selection(options.seed()).orElse(null)));
    return new DenseHome(family, decoder, config, folded, Engine.verdicts(candidate));
  }

  private static DecoderSpec decoder(
      DecoderSpec dense, MixtureForm form, boolean folded, DenseOptions options) {
    List<Integer> routing = options.layers().of(dense.layers().size());
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < dense.layers().size(); i++) {
      Layer layer = dense.layers().get(i);
      layers.add(
          new Layer(
              attention(layer.attention(), form),
              routing.contains(i)
                  ? mixture((Dense) layer.feedForward(), form, options)
                  : layer.feedForward()));
    }
    Norms norms = dense.norms();
    Scales scales = dense.scales();
    return new DecoderSpec(
        dense.vocabSize(),
        dense.hiddenSize(),
        dense.tiedEmbeddings() && !form.untied() && !folded,
        folded ? new Norms(norms.eps(), false, norms.after()) : norms,
        folded ? new Scales(1, scales.residual(), scales.logits()) : scales,
        layers);
  }

  private static Attention attention(Attention attention, MixtureForm form) {
    return switch (attention) {
      case GroupedQuery grouped ->
          switch (form.biases()) {
            case AS_THEY_ARE -> grouped;
            case ON_ALL_OR_NONE ->
                grouped.withOutputBias(grouped.inputBias() || grouped.outputBias());
            case ON_INPUTS -> grouped.withBiases(true, grouped.outputBias());
          };
      case Latent latent -> latent;
    };
  }

  private static FeedForward mixture(Dense dense, MixtureForm form, DenseOptions options) {
    int width = dense.intermediateSize();
    if (width % options.granularity() != 0) {
      throw DenseOptions.invalid(
          "granularity",
          options.granularity() + " does not divide the blocks' " + width + " neurons",
          "name a divisor");
    }
    int expertWidth = width / options.granularity();
    return new Mixture(
        options.experts_N(),
        options.activeExperts(),
        expertWidth,
        dense.activation(),
        false,
        sharedWidth(form.shared(), width, expertWidth, options),
        form.shared() == Shared.GATED,
        form.router());
  }

  private static int sharedWidth(Shared shared, int width, int expertWidth, DenseOptions options) {
    if (options.sharedExpert()) {
      if (shared == Shared.NONE) {
        throw new IllegalArgumentException("it has no shared expert");
      }
      return width;
    }
    return switch (shared) {
      case NONE, OPTIONAL -> 0;
      case PLAIN -> expertWidth;
      case GATED -> Math.min(SMALL_SHARED, width);
    };
  }
}
