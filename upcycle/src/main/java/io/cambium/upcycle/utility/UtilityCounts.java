package io.cambium.upcycle.utility;

import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Counts that follow a score.
 *
 * @param name of the score
 * @param scores by routing layer, one for each expert
 */
public record UtilityCounts(CountRule rule, String name, SortedMap<Integer, List<Double>> scores) {

  public UtilityCounts {
    scores = Collections.unmodifiableSortedMap(new TreeMap<>(scores));
  }

  /** Of one score among those computed. */
  public static UtilityCounts of(CountRule rule, Score score, ExpertScores scores) {
    return new UtilityCounts(rule, score.toString(), scores.of(score));
  }

  /** As if all experts scored alike: what a rule comes to before there are scores. */
  public static UtilityCounts ofEquals(CountRule rule, List<Integer> layers, int experts) {
    SortedMap<Integer, List<Double>> equal = new TreeMap<>();
    layers.forEach(layer -> equal.put(layer, Collections.nCopies(experts, 1.0)));
    return new UtilityCounts(rule, "equal scores", equal);
  }

  /**
   * The counts of every layer. Groups of experts that the router chooses first are shared out each
   * by itself, since they have to stay equal.
   *
   * @param experts of a layer before
   * @param target of a layer afterwards
   * @throws UsageException if the scores are not of such layers, or the rule cannot give so many
   */
  public SortedMap<Integer, List<Integer>> resolve(
      List<Integer> layers, int experts, int target, int groups) {
    if (!List.copyOf(scores.keySet()).equals(layers)
        || scores.values().stream().anyMatch(layer -> layer.size() != experts)) {
      throw new UsageException(
          name,
          "is of other layers or experts than the %d of layers %s".formatted(experts, layers),
          "compute it with `cambium score` on the model that grows");
    }
    SortedMap<Integer, List<Integer>> counts = new TreeMap<>();
    scores.forEach((layer, values) -> counts.put(layer, counts(layer, values, target, groups)));
    return counts;
  }

  private List<Integer> counts(int layer, List<Double> values, int target, int groups) {
    int each = values.size() / groups;
    List<Integer> counts = new ArrayList<>();
    for (int group = 0; group < groups; group++) {
      String stream = "layer " + layer + (groups == 1 ? "" : " group " + group);
      counts.addAll(
          rule.counts(values.subList(group * each, (group + 1) * each), target / groups, stream));
    }
    return counts;
  }

  /** The rule in a line. */
  public String describe(int experts, int target) {
    return switch (rule.kind()) {
      case GREEDY ->
          "greedy by %s, at most %d further copies of one expert"
              .formatted(name, rule.capFor(target - experts, experts));
      case PROPORTIONAL -> "proportional to " + name + ", by largest remainder";
      case SAMPLED -> "sampled in proportion to " + name + ", seed " + rule.seed();
    };
  }

  /**
   * Why a layer's counts are what they are: its experts by falling score, those that become equally
   * many together, each with its share of the layer's score.
   */
  public String reasons(int layer, List<Integer> counts) {
    List<Double> values = Objects.requireNonNull(scores.get(layer));
    double total = values.stream().mapToDouble(Double::doubleValue).sum();
    return counts.stream()
        .distinct()
        .sorted(Collections.reverseOrder())
        .map(count -> "x" + count + ": " + experts(count, counts, values, total))
        .collect(Collectors.joining("; "));
  }

  private static String experts(
      int count, List<Integer> counts, List<Double> values, double total) {
    return CountRule.best(values).stream()
        .filter(expert -> counts.get(expert) == count)
        .map(expert ->
            String.format(Locale.ROOT, "%d (%.1f %%)", expert, 100 * values.get(expert) / total))
        .collect(Collectors.joining(" "));
  }
}
