package io.cambium.cli;

import io.cambium.checkpoint.Manifest.Growth;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.ModelFacts;
import io.cambium.checkpoint.ModelFacts.Layers;
import io.cambium.checkpoint.ModelFacts.Lineages;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.ParameterCounts;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  /** A key that is too long for its column has a line of its own. */
  private void line(String key, String value) {
    int room = KEY_COLUMNS - key.length();
    text.append(key);
    if (room > 0) {
      text.repeat(' ', room);
    } else {
      text.append('\n').repeat(' ', KEY_COLUMNS);
    }
    text.append(value).append('\n');
  }

  private void addDecoder(ModelFacts facts) {
    line("family", facts.family() + " (" + facts.architecture() + ")");
    line(
        "vocabulary",
        number(facts.vocabSize())
            + (facts.tiedEmbeddings() ? ", input and output embeddings tied" : ""));
    line("hidden size", number(facts.hiddenSize()));
    addAttention(facts.layers());
    line("layers", number(facts.layers().getLast().last() + 1));
    byKind(facts.layers(), Layers::feedForward).forEach(this::addFeedForward);
  }

  private void addAttention(List<Layers> layers) {
    Map<Attention, String> kinds = byKind(layers, Layers::attention);
    if (kinds.size() == 1) {
      line("attention", attention(layers.getFirst().attention()));
    } else {
      line("attention", "of " + number(kinds.size()) + " kinds, by layer");
      kinds.forEach((kind, where) -> line(where, attention(kind)));
    }
  }

  /** The kinds of a part of the layers, in order, and which layers have it. */
  private static <K> Map<K, String> byKind(List<Layers> layers, Function<Layers, K> part) {
    Map<K, NavigableSet<Integer>> kinds = new LinkedHashMap<>();
    for (Layers run : layers) {
      NavigableSet<Integer> where = kinds.computeIfAbsent(part.apply(run), _ -> new TreeSet<>());
      IntStream.rangeClosed(run.first(), run.last()).forEach(where::add);
    }
    Map<K, String> text = new LinkedHashMap<>();
    kinds.forEach((kind, where) -> text.put(kind, "  " + ranges(where)));
    return text;
  }

  /** Such as {@code 0, 2 to 4}. */
  private static String ranges(NavigableSet<Integer> numbers) {
    StringJoiner ranges = new StringJoiner(", ");
    for (int first : numbers) {
      if (numbers.contains(first - 1)) {
        continue;
      }
      int last = first;
      while (numbers.contains(last + 1)) {
        last++;
      }
      ranges.add(last > first ? first + " to " + last : String.valueOf(first));
    }
    return ranges.toString();
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
              + (grouped.temperature() == null ? "" : ", queries grow with the position")
              + reach(grouped.reach())
              + positions(grouped.rope());
      case Latent latent ->
          number(latent.heads())
              + " heads of "
              + latent.queryDim()
              + ", keys and values from "
              + latent.keyValueRank()
              + " dimensions"
              + positions(latent.rope());
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

  private void addFeedForward(FeedForward part, String where) {
    switch (part) {
      case Dense dense -> line(where, "dense, width " + number(dense.intermediateSize()));
      case Mixture mixture -> addMixture(mixture, where);
    }
  }

  private void addMixture(Mixture mixture, String where) {
    line(
        where,
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
                .map(type -> type.getKey() + " " + ByteCount.text(type.getValue()))
                .collect(Collectors.joining(", ")));
    if (weights.quantisation() != null) {
      line("quantisation", weights.quantisation() + ": copied as it is, not computed with");
    }
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
}
