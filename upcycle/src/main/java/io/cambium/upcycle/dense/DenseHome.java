package io.cambium.upcycle.dense;

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
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * A family that can compute what a dense model does, with experts in the place of its blocks.
 *
 * @param decoder what it then computes
 * @param config its config.json
 * @param folded whether constants that the family has not go into the weights: norms that count
 *     from one, a factor on the embeddings
 */
record DenseHome(Family family, DecoderSpec decoder, ObjectNode config, boolean folded) {

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

  /** Why a family is none. */
  private record Refusal(String family, String reason) {}

  /**
   * The family that was asked for, or the first that fits.
   *
   * @throws UsageException if none does; it says why, for each
   */
  static DenseHome choose(SourceCheckpoint source, DenseOptions options) {
    List<Refusal> refusals = new ArrayList<>();
    List<String> candidates = options.family().map(List::of).orElse(HOMES);
    for (String candidate : candidates) {
      Optional<DenseHome> home = find(candidate, source, options, refusals);
      if (home.isPresent()) {
        return home.get();
      }
    }
    StringBuilder reasons = new StringBuilder();
    refusals.forEach(refusal ->
        reasons.append("\n  ").append(refusal.family).append(": ").append(refusal.reason));
    throw new UsageException(
        source.path(),
        "has no home among families with experts that would compute the same:" + reasons,
        "change --layers or --family, or choose another source");
  }

  private static Optional<DenseHome> find(
      String modelType, SourceCheckpoint source, DenseOptions options, List<Refusal> refusals) {
    Family family = Families.named(modelType);
    MixtureForm form = family.mixtureForm();
    if (form == null) {
      refusals.add(new Refusal(modelType, "its experts cannot add up to a dense block"));
      return Optional.empty();
    }
    String reason = "";
    for (boolean folded : new boolean[] {false, true}) {
      try {
        DecoderSpec decoder = decoder(source.decoder(), form, folded, options);
        int positions = source.weights().config().positiveIntOr("max_position_embeddings", 2048);
        ObjectNode config = family.newConfig(decoder, positions);
        return Optional.of(new DenseHome(family, decoder, config, folded));
      } catch (IllegalArgumentException e) {
        reason = Objects.requireNonNullElse(e.getMessage(), "");
      }
    }
    refusals.add(new Refusal(modelType, reason));
    return Optional.empty();
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
