package io.cambium.cli;

import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.ModelFacts;
import io.cambium.checkpoint.ModelFacts.Layers;
import io.cambium.checkpoint.ModelFacts.Lineages;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.ParameterCounts;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A checkpoint's facts as lines of two columns, for people. */
final class ModelDescription {

  private static final int KEY_COLUMNS = 14;

  private final StringBuilder text = new StringBuilder();

  private ModelDescription() {}

  static String of(ModelFacts facts) {
    ModelDescription description = new ModelDescription();
    description.addDecoder(facts);
    description.addParameters(facts.parameters());
    description.addWeights(facts.weights());
    facts.growth().forEach(step -> description.line("growth", growth(step)));
    if (facts.lineages() != null) {
      description.line("lineages", lineages(facts.lineages()));
    }
    description.addSelection(facts.selection(), facts.huggingFaceForm());
    return description.text.toString();
  }

  private void line(String key, String value) {
    text.append(key).repeat(' ', KEY_COLUMNS - key.length()).append(value).append('\n');
  }

  private void addDecoder(ModelFacts facts) {
    line("family", facts.family() + " (" + facts.architecture() + ")");
    line(
        "vocabulary",
        number(facts.vocabSize())
            + (facts.tiedEmbeddings() ? ", input and output embeddings tied" : ""));
    line("hidden size", number(facts.hiddenSize()));
    line("attention", attention(facts.attention()) + positions(facts.attention().rope()));
    line("layers", number(facts.layers().getLast().last() + 1));
    facts.layers().forEach(this::addLayers);
  }

  private static String attention(Attention attention) {
    return switch (attention) {
      case GroupedQuery grouped ->
          number(grouped.heads())
              + " heads of "
              + grouped.headDim()
              + " on "
              + grouped.kvHeads()
              + " key-value heads"
              + (grouped.inputBias() ? ", biases" : "")
              + (grouped.headNorm() == HeadNorm.NONE ? "" : ", queries and keys normalised")
              + (grouped.sinks() ? ", sinks" : "")
              + reach(grouped.reach());
      case Latent latent ->
          number(latent.heads())
              + " heads of "
              + latent.queryDim()
              + ", keys and values from "
              + latent.keyValueRank()
              + " dimensions";
    };
  }

  private static String reach(Reach reach) {
    return switch (reach.kind()) {
      case FULL -> "";
      case WINDOW -> ", window of " + number(reach.tokens());
      case CHUNK -> ", chunks of " + number(reach.tokens());
    };
  }

  private static String positions(@Nullable Rope rope) {
    return rope == null ? ", no positions" : ", rotary over " + rope.rotaryDim();
  }

  private void addLayers(Layers layers) {
    String range =
        "  " + layers.first() + (layers.last() > layers.first() ? " to " + layers.last() : "");
    Mixture mixture = layers.mixture();
    if (mixture == null) {
      int width = Objects.requireNonNull(layers.dense()).intermediateSize();
      line(range, "dense, width " + number(width));
      return;
    }
    line(
        range,
        number(mixture.experts())
            + " experts of width "
            + number(mixture.intermediateSize())
            + ", "
            + mixture.topK()
            + " for each token"
            + (mixture.sharedIntermediateSize() > 0
                ? ", and shared experts of width " + number(mixture.sharedIntermediateSize())
                : ", no shared expert"));
    line("    router", mixture.router().formula(mixture.topK()));
  }

  private void addParameters(ParameterCounts counts) {
    line("parameters", number(counts.total()) + ", active " + number(counts.active()));
    line(
        "",
        number(counts.totalWithoutEmbedding())
            + ", active "
            + number(counts.activeWithoutEmbedding())
            + " without embeddings");
  }

  private void addWeights(ModelFacts.Weights weights) {
    line(
        "weights",
        number(weights.tensors())
            + " tensors in "
            + number(weights.files())
            + (weights.files() == 1 ? " file, " : " files, ")
            + weights.bytesByType().entrySet().stream()
                .map(type -> type.getKey() + " " + bytes(type.getValue()))
                .collect(Collectors.joining(", ")));
    if (!weights.leftOut().isEmpty()) {
      line("", weights.leftOut().size() + " tensors that the family does not load, among them");
      line("", weights.leftOut().getFirst());
    }
  }

  private static String growth(Growth step) {
    return (step.step() == null ? "" : "at step " + number(step.step()) + ": ")
        + number(step.sourceExperts())
        + " -> "
        + number(step.targetExperts())
        + " experts, "
        + step.mode()
        + ", rows "
        + step.rows()
        + (step.rows().equals("copy") ? "" : " (delta " + step.rowDelta() + ")")
        + ", replicas "
        + step.replicas()
        + ", moments "
        + step.moments();
  }

  private static String lineages(Lineages lineages) {
    return number(lineages.count())
        + " in each layer, of "
        + (lineages.smallest() == lineages.largest() ? "" : lineages.smallest() + " to ")
        + lineages.largest()
        + (lineages.largest() == 1 ? " expert" : " experts");
  }

  private void addSelection(@Nullable Selection selection, boolean huggingFaceForm) {
    if (selection == null) {
      line("selection", "plain top-K");
    } else if (huggingFaceForm) {
      line(
          "selection",
          selection.mode()
              + ": replicas' selection bias is "
              + selection.holdBack()
              + " lower here");
    } else {
      line("selection", selection.isRelease() ? release(selection) : hash(selection));
      line("", "no plain Hugging Face form: other engines would choose other experts");
    }
  }

  private static String release(Selection selection) {
    Double penalty = selection.siblingPenalty();
    return "in the middle of a "
        + selection.mode()
        + " release: own logit "
        + selection.ownLogit()
        + ", sibling penalty "
        + (penalty == null ? "infinite" : penalty);
  }

  private static String hash(Selection selection) {
    return "by a hash of the token id, seed " + selection.hashSeed() + ", with equal weights";
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String bytes(long value) {
    List<String> units = List.of("bytes", "kB", "MB", "GB", "TB");
    double scaled = value;
    int unit = 0;
    while (scaled >= 1000 && unit < units.size() - 1) {
      scaled /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f " : "%.2f ", scaled) + units.get(unit);
  }
}
