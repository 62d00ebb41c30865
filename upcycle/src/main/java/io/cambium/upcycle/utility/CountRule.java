package io.cambium.upcycle.utility;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How scores of experts become counts of copies. A common factor on all scores changes nothing; of
 * equal ones the lower index comes first.
 *
 * @param cap how many further copies {@link Kind#GREEDY} gives one expert at most; 0 for three
 *     times as many as there are per expert
 * @param seed of {@link Kind#SAMPLED}
 */
public record CountRule(Kind kind, int cap, long seed) {

  /** The rules there are. */
  public enum Kind {
    /** The best expert gets copies up to the cap, then the next (arXiv 2604.19835). */
    GREEDY,
    /** Further copies in proportion to the scores, by largest remainder. */
    PROPORTIONAL,
    /** Each further copy is drawn, with the scores as weights (arXiv 2604.19835). */
    SAMPLED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final double CAP_OVER_MEAN = 3;

  public CountRule {
    if (cap < 0) {
      throw new UsageException("count-cap", "is " + cap, "must be 1 or more");
    }
    if (cap > 0 && kind != Kind.GREEDY) {
      throw new UsageException(
          "count-cap", "does not go with counts " + kind, "it bounds greedy counts alone");
    }
  }

  /**
   * The experts that each of a group of experts becomes, itself included.
   *
   * @param scores of the group's experts, none negative
   * @param target how many they become together, at least as many as they are
   * @param stream name of the random numbers, another one for each group
   * @throws UsageException if nothing has a score, or the cap leaves copies over
   */
  List<Integer> counts(List<Double> scores, int target, String stream) {
    double total = scores.stream().mapToDouble(Double::doubleValue).sum();
    if (!(total > 0)) {
      throw new UsageException(
          stream, "has no expert with a score above zero", "take uniform counts or another score");
    }
    int copies = target - scores.size();
    return switch (kind) {
      case GREEDY -> greedy(scores, copies);
      case PROPORTIONAL -> proportional(scores, copies, total);
      case SAMPLED -> sampled(scores, copies, total, CounterRandom.of(seed, "counts." + stream));
    };
  }

  /** The cap that holds for so many further copies of so many experts. */
  int capFor(int copies, int experts) {
    return cap > 0 ? cap : (int) Math.ceil(CAP_OVER_MEAN * copies / experts);
  }

  private List<Integer> greedy(List<Double> scores, int copies) {
    int most = capFor(copies, scores.size());
    if ((long) most * scores.size() < copies) {
      throw new UsageException(
          "count-cap",
          "%d further copies for each of %d experts are fewer than %d"
              .formatted(most, scores.size(), copies),
          "raise it to " + Math.ceilDiv(copies, scores.size()) + " or more");
    }
    List<Integer> counts = new ArrayList<>(Collections.nCopies(scores.size(), 1));
    int left = copies;
    for (int expert : best(scores)) {
      int taken = Math.min(most, left);
      counts.set(expert, 1 + taken);
      left -= taken;
    }
    return counts;
  }

  private static List<Integer> proportional(List<Double> scores, int copies, double total) {
    List<Integer> counts = new ArrayList<>();
    List<Double> remainders = new ArrayList<>();
    for (double score : scores) {
      double quota = copies * (score / total);
      counts.add(1 + (int) quota);
      remainders.add(quota - Math.floor(quota));
    }
    int left = copies + scores.size() - counts.stream().mapToInt(Integer::intValue).sum();
    best(remainders).stream().limit(left).forEach(e -> counts.set(e, counts.get(e) + 1));
    return counts;
  }

  private static List<Integer> sampled(
      List<Double> scores, int copies, double total, CounterRandom random) {
    List<Integer> counts = new ArrayList<>(Collections.nCopies(scores.size(), 1));
    for (int copy = 0; copy < copies; copy++) {
      int drawn = draw(scores, random.uniform(copy) * total);
      counts.set(drawn, counts.get(drawn) + 1);
    }
    return counts;
  }

  /** The expert at whose share of the total this point lies. */
  private static int draw(List<Double> scores, double point) {
    double sum = 0;
    int drawn = 0;
    for (int expert = 0; expert < scores.size() && sum <= point; expert++) {
      sum += scores.get(expert);
      drawn = scores.get(expert) > 0 ? expert : drawn;
    }
    return drawn;
  }

  /** Indices by falling value; a stable sort, so that of equals the lower index comes first. */
  static List<Integer> best(List<Double> values) {
    return IntStream.range(0, values.size())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer e) -> values.get(e)).reversed())
        .toList();
  }
}
