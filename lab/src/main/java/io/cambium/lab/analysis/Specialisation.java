package io.cambium.lab.analysis;

import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * Which experts serve which kind of token: domains, or classes of tokens.
 *
 * @param names of the kinds that occur
 * @param tokens of each
 * @param share [kind][expert] share of the kind's assignments; each row sums to 1. Times the number
 *     of experts it is the load relative to an even one, which OLMoE (arXiv 2409.02060, section
 *     5.3) shows against K/N
 * @param distance share of all assignments that would have to go to other experts for all kinds to
 *     be routed alike: the total variation distance of a kind's shares from those of all tokens,
 *     mean over the tokens. 0 where the experts know no kinds
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Specialisation(
    List<String> names, List<Long> tokens, List<List<Double>> share, double distance) {

  /** A kind of token and an expert, with its load relative to an even one. */
  public record Pair(String name, int expert, double relative) {}

  /**
   * Counts the choices by kind.
   *
   * @param names of the kinds
   * @param kind_T the kind of each token, as an index of {@code names}
   */
  public static Specialisation of(Choices choices, List<String> names, int[] kind_T) {
    long[][] load_GE = new long[names.size()][choices.experts()];
    for (int token = 0; token < choices.tokens(); token++) {
      for (int slot = 0; slot < choices.topK(); slot++) {
        load_GE[kind_T[token]][choices.expert(token, slot)]++;
      }
    }
    int[] present =
        IntStream.range(0, names.size())
            .filter(kind -> Arrays.stream(load_GE[kind]).sum() > 0)
            .toArray();
    List<List<Double>> share = Arrays.stream(present).mapToObj(k -> shares(load_GE[k])).toList();
    List<Long> tokens =
        Arrays.stream(present)
            .mapToObj(kind -> Arrays.stream(load_GE[kind]).sum() / choices.topK())
            .toList();
    double distance = distance(tokens, share, shares(choices.load_E()));
    return new Specialisation(
        Arrays.stream(present).mapToObj(names::get).toList(), tokens, share, distance);
  }

  private static double distance(List<Long> tokens, List<List<Double>> share, List<Double> all) {
    double sum = 0;
    for (int kind = 0; kind < tokens.size(); kind++) {
      List<Double> own = share.get(kind);
      double variation =
          IntStream.range(0, all.size())
              .mapToDouble(expert -> Math.abs(own.get(expert) - all.get(expert)) / 2)
              .sum();
      sum += tokens.get(kind) * variation;
    }
    return sum / tokens.stream().mapToLong(count -> count).sum();
  }

  /**
   * The distance between domains at an evaluation, in which each has as many tokens; mean over the
   * layers.
   *
   * @param routing of at least one layer and domain
   */
  public static double distance(Metric.Routing routing) {
    return routing.share().stream()
        .mapToDouble(share_GE ->
            distance(Collections.nCopies(share_GE.size(), 1L), share_GE, mean(share_GE)))
        .average()
        .orElseThrow();
  }

  private static List<Double> mean(List<List<Double>> share_GE) {
    return IntStream.range(0, share_GE.getFirst().size())
        .mapToObj(expert ->
            share_GE.stream().mapToDouble(share_E -> share_E.get(expert)).average().orElseThrow())
        .toList();
  }

  /** Each expert's share of the assignments. */
  static List<Double> shares(long[] load_E) {
    double all = Arrays.stream(load_E).sum();
    return Arrays.stream(load_E).mapToObj(load -> load / all).toList();
  }

  /**
   * Kinds and experts, the most loaded first.
   *
   * @param leastTokens kinds of fewer tokens say little and are left out
   */
  public List<Pair> strongest(long leastTokens) {
    List<Pair> pairs = new ArrayList<>();
    for (int kind = 0; kind < names.size(); kind++) {
      if (tokens.get(kind) >= leastTokens) {
        for (int expert = 0; expert < share.get(kind).size(); expert++) {
          double relative = share.get(kind).get(expert) * share.get(kind).size();
          pairs.add(new Pair(names.get(kind), expert, relative));
        }
      }
    }
    pairs.sort(Comparator.comparingDouble(Pair::relative).reversed());
    return pairs;
  }
}
