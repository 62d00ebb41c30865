package io.cambium.lab.analysis;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.model.SiblingCoselection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * Whether the experts that descend from one have become experts of their own.
 *
 * @param coselection share of tokens that choose two experts of one lineage
 * @param distinctLineages that a token's choice belongs to, mean over the tokens; at most K
 * @param lineages one for each expert before the last growth
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Siblings(double coselection, double distinctLineages, List<Lineage> lineages) {

  /**
   * The experts that descend from one.
   *
   * @param source the expert before the last growth
   * @param load relative to that of as many average experts
   * @param coselection of the tokens that choose one of them, the share that chooses two or more
   * @param weight cosine of their weights, mean over the pairs; absent where there is one expert
   * @param output cosine of their outputs, likewise
   * @param domains how differently they serve the domains: the total variation distance between two
   *     experts' shares of domains, mean over the pairs. 0 where they serve the same, 1 where none
   *     serves what the other does
   * @param distance between the weights of the two nearest, relative to the larger norm
   * @param nearest those two
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lineage(
      int source,
      List<Integer> experts,
      double load,
      double coselection,
      @Nullable Double weight,
      @Nullable Double output,
      @Nullable Double domains,
      @Nullable Double distance,
      @Nullable List<Integer> nearest) {}

  /**
   * Measures a layer.
   *
   * @param parents for each expert the one it descends from
   * @param domains which domains each expert serves
   */
  static Siblings of(
      Choices choices, List<Integer> parents, Similarity similarity, Specialisation domains) {
    long withSiblings = 0;
    long distinct = 0;
    for (int token = 0; token < choices.tokens(); token++) {
      int lineages =
          SiblingCoselection.distinctLineages(
              choices.choice_TK(), token * choices.topK(), choices.topK(), parents);
      distinct += lineages;
      withSiblings += lineages < choices.topK() ? 1 : 0;
    }
    SortedSet<Integer> sources = new TreeSet<>(parents);
    return new Siblings(
        (double) withSiblings / choices.tokens(),
        (double) distinct / choices.tokens(),
        sources.stream()
            .map(source -> lineage(source, choices, parents, similarity, domains))
            .toList());
  }

  private static Lineage lineage(
      int source,
      Choices choices,
      List<Integer> parents,
      Similarity similarity,
      Specialisation domains) {
    List<Integer> experts =
        IntStream.range(0, parents.size()).filter(e -> parents.get(e) == source).boxed().toList();
    List<Similarity.Pair> pairs = pairs(experts, similarity.distance());
    Similarity.@Nullable Pair nearest =
        pairs.stream().min(Comparator.comparingDouble(Similarity.Pair::value)).orElse(null);
    return new Lineage(
        source,
        experts,
        load(choices, experts),
        coselection(choices, experts),
        mean(pairs, pair -> similarity.weight().get(pair.first()).get(pair.second())),
        mean(pairs, pair -> similarity.output().get(pair.first()).get(pair.second())),
        mean(pairs, pair -> domainDistance(domains, pair.first(), pair.second())),
        nearest == null ? null : nearest.value(),
        nearest == null ? null : List.of(nearest.first(), nearest.second()));
  }

  private static List<Similarity.Pair> pairs(List<Integer> experts, List<List<Double>> distance) {
    List<Similarity.Pair> pairs = new ArrayList<>();
    for (int a = 0; a < experts.size(); a++) {
      for (int b = a + 1; b < experts.size(); b++) {
        int first = experts.get(a);
        int second = experts.get(b);
        pairs.add(new Similarity.Pair(first, second, distance.get(first).get(second)));
      }
    }
    return pairs;
  }

  private static @Nullable Double mean(
      List<Similarity.Pair> pairs, ToDoubleFunction<Similarity.Pair> value) {
    return pairs.isEmpty() ? null : pairs.stream().mapToDouble(value).average().orElseThrow();
  }

  private static double load(Choices choices, List<Integer> experts) {
    long[] load_E = choices.load_E();
    double own = experts.stream().mapToLong(expert -> load_E[expert]).sum();
    double even = (double) choices.choice_TK().length / choices.experts();
    return own / (even * experts.size());
  }

  private static double coselection(Choices choices, List<Integer> experts) {
    long one = 0;
    long more = 0;
    for (int token = 0; token < choices.tokens(); token++) {
      int chosen = 0;
      for (int slot = 0; slot < choices.topK(); slot++) {
        chosen += experts.contains(choices.expert(token, slot)) ? 1 : 0;
      }
      one += chosen > 0 ? 1 : 0;
      more += chosen > 1 ? 1 : 0;
    }
    return one == 0 ? 0 : (double) more / one;
  }

  /** Between two experts' loads as shares over the domains; 0 where one has no load. */
  private static double domainDistance(Specialisation domains, int a, int b) {
    double[] first = byDomain(domains, a);
    double[] second = byDomain(domains, b);
    if (sum(first) == 0 || sum(second) == 0) {
      return 0;
    }
    return IntStream.range(0, first.length)
        .mapToDouble(d -> Math.abs(first[d] / sum(first) - second[d] / sum(second)) / 2)
        .sum();
  }

  private static double[] byDomain(Specialisation domains, int expert) {
    return IntStream.range(0, domains.names().size())
        .mapToDouble(d -> domains.tokens().get(d) * domains.share().get(d).get(expert))
        .toArray();
  }

  private static double sum(double[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sum();
  }

  /** The lineage whose siblings are nearest to each other; null where none has two experts. */
  public @Nullable Lineage nearest() {
    return lineages.stream()
        .filter(lineage -> lineage.distance() != null)
        .min(Comparator.comparingDouble(lineage -> Objects.requireNonNull(lineage.distance())))
        .orElse(null);
  }
}
