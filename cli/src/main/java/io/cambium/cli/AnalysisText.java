package io.cambium.cli;

import io.cambium.lab.analysis.Analysis;
import io.cambium.lab.analysis.Analysis.Layer;
import io.cambium.lab.analysis.Siblings;
import io.cambium.lab.analysis.Similarity;
import io.cambium.lab.analysis.Specialisation;
import io.cambium.lab.analysis.Vocabulary;
import io.cambium.lab.comparison.TextTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An analysis for a terminal: a line for each layer, then the experts that stand out, by name. */
final class AnalysisText {

  /** Kinds of fewer tokens say little. */
  private static final int LEAST_TOKENS = 100;

  private static final int SHOWN = 3;
  private static final int WORDS = 4;
  private static final String NONE = "-";

  private final Analysis analysis;

  AnalysisText(Analysis analysis) {
    this.analysis = analysis;
  }

  String text() {
    StringBuilder text = new StringBuilder(heading());
    text.append("\nLoad and routing\n").append(loads());
    text.append("\nExperts, compared in pairs\n").append(pairs());
    text.append("\nWhat each layer's experts serve, against an even share\n");
    analysis.layers().forEach(layer -> text.append(serves(layer)));
    if (analysis.layers().stream().anyMatch(layer -> layer.siblings() != null)) {
      text.append("\nSiblings, since the last growth\n").append(siblings());
    }
    if (analysis.against() != null) {
      text.append("\nSince ").append(analysis.against().checkpoint()).append('\n');
      text.append(changes(analysis.against()));
    }
    return text.toString();
  }

  private String heading() {
    double mean =
        analysis.loss().values().stream().mapToDouble(loss -> loss).average().orElseThrow();
    return format(
        "%s (%s): %,d tokens of %d domains, loss %.4f%n",
        analysis.checkpoint(), analysis.family(), analysis.tokens(), analysis.loss().size(), mean);
  }

  private String loads() {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "",
                    "experts",
                    "MaxVio",
                    "CV",
                    "least",
                    "dead",
                    "entropy",
                    "of at most",
                    "by domain",
                    "by class",
                    "by token"));
    for (Layer layer : analysis.layers()) {
      table.row(
          List.of(
              "layer " + layer.layer(),
              layer.topK() + " of " + layer.experts(),
              format("%.2f", layer.balance().maxVio()),
              format("%.2f", layer.balance().cv()),
              format("%.2f", layer.balance().min()),
              String.valueOf(layer.balance().dead().size()),
              format("%.2f", layer.entropy()),
              format("%.2f", Math.log(layer.experts())),
              format("%.0f %%", 100 * layer.domains().distance()),
              format("%.0f %%", 100 * layer.tokenClasses().distance()),
              layer.vocabulary().ids() == 0
                  ? NONE
                  : format("%.2f", layer.vocabulary().specialisation())));
    }
    return table.text() + deadExperts();
  }

  private String deadExperts() {
    return analysis.layers().stream()
        .filter(layer -> !layer.balance().dead().isEmpty())
        .map(layer -> format("layer %d: dead %s%n", layer.layer(), list(layer.balance().dead())))
        .collect(Collectors.joining());
  }

  private String pairs() {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "",
                    "cosine of weights",
                    "most alike",
                    "cosine of outputs",
                    "most alike",
                    "most often together"));
    for (Layer layer : analysis.layers()) {
      Similarity similarity = layer.similarity();
      table.row(
          List.of(
              "layer " + layer.layer(),
              format("%.3f", Similarity.mean(similarity.weight())),
              best(similarity.weight()),
              format("%.3f", Similarity.mean(similarity.output())),
              best(similarity.output()),
              together(layer)));
    }
    return table.text();
  }

  private static String best(List<List<Double>> cosines) {
    return Similarity.pairs(cosines).stream()
        .findFirst()
        .map(pair -> format("%d, %d: %.3f", pair.first(), pair.second(), pair.value()))
        .orElse(NONE);
  }

  /** The two experts of which the share of the rarer one's tokens that chose both is highest. */
  private static String together(Layer layer) {
    long[][] together = layer.together();
    record Pair(int first, int second, double share) {}
    List<Pair> pairs = new ArrayList<>();
    for (int a = 0; a < together.length; a++) {
      for (int b = a + 1; b < together.length; b++) {
        long rarer = Math.min(together[a][a], together[b][b]);
        if (rarer >= LEAST_TOKENS) {
          pairs.add(new Pair(a, b, (double) together[a][b] / rarer));
        }
      }
    }
    return pairs.stream()
        .max(Comparator.comparingDouble(Pair::share))
        .map(pair -> format("%d, %d: %.0f %%", pair.first, pair.second, 100 * pair.share))
        .orElse(NONE);
  }

  private static String serves(Layer layer) {
    return format("layer %-3d domains  %s%n", layer.layer(), strongest(layer.domains()))
        + format("          classes  %s%n", strongest(layer.tokenClasses()))
        + format("          tokens   %s%n", words(layer.vocabulary()));
  }

  private static String strongest(Specialisation specialisation) {
    return listed(
        specialisation.strongest(LEAST_TOKENS).stream()
            .map(pair ->
                format("%s to expert %d: %.1fx", pair.name(), pair.expert(), pair.relative())));
  }

  /** The first few. */
  private static String listed(Stream<String> found) {
    String list = found.limit(SHOWN).collect(Collectors.joining("; "));
    return list.isEmpty() ? "too few tokens to say" : list;
  }

  private static String words(Vocabulary vocabulary) {
    return listed(
        vocabulary.experts().stream()
            .sorted(Comparator.comparingDouble(Vocabulary.Expert::specialisation).reversed())
            .map(expert ->
                format(
                    "expert %d: %s",
                    expert.expert(),
                    expert.tokens().stream()
                        .limit(WORDS)
                        .map(token -> quoted(token.text()))
                        .collect(Collectors.joining(" ")))));
  }

  /** Control characters would disturb a terminal. */
  private static String quoted(String text) {
    return "'" + text.replace("\n", "\\n").replaceAll("\\p{Cntrl}", "?") + "'";
  }

  private String siblings() {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "",
                    "lineages",
                    "choose two",
                    "lineages a token",
                    "weights",
                    "outputs",
                    "domains apart",
                    "nearest",
                    "distance"));
    for (Layer layer : analysis.layers()) {
      Siblings siblings = layer.siblings();
      Siblings.Lineage nearest = siblings == null ? null : siblings.nearest();
      if (siblings != null && nearest != null) {
        table.row(
            List.of(
                "layer " + layer.layer(),
                String.valueOf(siblings.lineages().size()),
                format("%.0f %%", 100 * siblings.coselection()),
                format("%.2f of %d", siblings.distinctLineages(), layer.topK()),
                format("%.3f", mean(siblings.lineages().stream().map(Siblings.Lineage::weight))),
                format("%.3f", mean(siblings.lineages().stream().map(Siblings.Lineage::output))),
                format(
                    "%.0f %%",
                    100 * mean(siblings.lineages().stream().map(Siblings.Lineage::domains))),
                list(Objects.requireNonNull(nearest.nearest())),
                format("%.3f", Objects.requireNonNull(nearest.distance()))));
      }
    }
    return table.text();
  }

  private static double mean(Stream<Double> values) {
    return values.filter(Objects::nonNull).mapToDouble(value -> value).average().orElse(0);
  }

  private static String changes(Analysis.Against against) {
    TextTable table =
        new TextTable()
            .row(
                List.of(
                    "",
                    "routing kept",
                    "least kept",
                    "weights moved",
                    "most",
                    "router rows moved",
                    "most"));
    for (Analysis.LayerChange layer : against.layers()) {
      List<Double> kept = layer.saturation().experts();
      table.row(
          List.of(
              "layer " + layer.layer(),
              format("%.1f %%", 100 * layer.saturation().overall()),
              expert(kept, kept.indexOf(Collections.min(kept)), "%d: %.2f"),
              format("%.3f", mean(layer.change().weights().stream())),
              most(layer.change().weights()),
              format("%.3f", mean(layer.change().routerRow().stream())),
              most(layer.change().routerRow())));
    }
    return table.text();
  }

  private static String most(List<Double> values) {
    return expert(values, values.indexOf(Collections.max(values)), "%d: %.3f");
  }

  private static String expert(List<Double> values, int expert, String pattern) {
    return format(pattern, expert, values.get(expert));
  }

  private static String list(List<Integer> experts) {
    return experts.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
