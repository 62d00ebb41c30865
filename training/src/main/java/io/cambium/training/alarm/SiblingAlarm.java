package io.cambium.training.alarm;

import io.cambium.training.config.AlarmConfig.Coselection;
import io.cambium.training.config.AlarmConfig.IdenticalClones;
import io.cambium.training.metrics.LayerHealth.Siblings;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Siblings that are no experts of their own yet, though a grown model has been a plain top-K model
 * for many steps.
 */
final class SiblingAlarm implements Alarm {

  private final String name;
  private final int steps;
  private final boolean stop;
  private final String remedy;
  private final List<Integer> layers;

  /** Of a layer's siblings when the model became plain, and now. */
  private final BiPredicate<Siblings, Siblings> trouble;

  /** The same of all layers. */
  private final BiFunction<List<Siblings>, List<Siblings>, String> message;

  private final Occurrence occurrence = new Occurrence(1, 1);
  private Metric.@Nullable Evaluation firstPlain;

  private SiblingAlarm(
      String name,
      int steps,
      boolean stop,
      String remedy,
      List<Integer> layers,
      BiPredicate<Siblings, Siblings> trouble,
      BiFunction<List<Siblings>, List<Siblings>, String> message) {
    this.name = name;
    this.steps = steps;
    this.stop = stop;
    this.remedy = remedy;
    this.layers = layers;
    this.trouble = trouble;
    this.message = message;
  }

  /** Weights that training does not part: an expert that is computed, and paid for, twice. */
  static SiblingAlarm ofIdenticalClones(IdenticalClones bounds, List<Integer> layers) {
    return new SiblingAlarm(
        "identical_clones",
        bounds.steps(),
        bounds.stop(),
        "grow with what parts them: growth.rows split, growth.replicas drop, or in mode flat"
            + " growth.bias_noise",
        layers,
        (first, now) -> now.distance() < bounds.distance(),
        (first, now) ->
            "siblings with the same weights, to within %s of their norm, after %d steps"
                .formatted(bounds.distance(), bounds.steps()));
  }

  /**
   * Tokens that go on to choose two siblings: their slots go to fewer lineages than before the
   * growth. A layer of one lineage, grown from a dense model, cannot but choose siblings.
   */
  static SiblingAlarm ofCoselection(Coselection bounds, List<Integer> layers) {
    return new SiblingAlarm(
        "coselection",
        bounds.steps(),
        bounds.stop(),
        "grow with rows that differ more (growth.row_delta), or part the replicas"
            + " (growth.replicas drop)",
        layers,
        (first, now) ->
            now.lineages() > 1
                && now.coselection()
                    > Math.max(bounds.tolerated(), first.coselection() * (1 - bounds.fall())),
        (first, now) ->
            String.format(
                Locale.ROOT,
                "tokens that choose two siblings do not become fewer: %.2f when the model became"
                    + " plain top-K, %.2f now, %d steps later; the nearest siblings",
                meanCoselection(first),
                meanCoselection(now),
                bounds.steps()));
  }

  private static double meanCoselection(List<Siblings> layers) {
    return layers.stream().mapToDouble(Siblings::coselection).average().orElseThrow();
  }

  @Override
  public Optional<Metric.Alarm> hear(Metric event) {
    if (event instanceof Metric.Growth) {
      firstPlain = null;
    }
    return event instanceof Metric.Evaluation evaluation ? hear(evaluation) : Optional.empty();
  }

  private Optional<Metric.Alarm> hear(Metric.Evaluation evaluation) {
    if (firstPlain == null && isPlainAndGrown(evaluation)) {
      firstPlain = evaluation;
    }
    SortedMap<Integer, List<Integer>> where =
        firstPlain != null && evaluation.step() - firstPlain.step() >= steps
            ? troubled(siblings(firstPlain), siblings(evaluation))
            : new TreeMap<>();
    return occurrence.begins(!where.isEmpty())
        ? Optional.of(alarm(Objects.requireNonNull(firstPlain), evaluation, where))
        : Optional.empty();
  }

  private static boolean isPlainAndGrown(Metric.Evaluation evaluation) {
    return evaluation.release() == 1
        && evaluation.health().stream().anyMatch(layer -> layer.siblings() != null);
  }

  private static List<Siblings> siblings(Metric.Evaluation evaluation) {
    return evaluation.health().stream()
        .map(layer -> Objects.requireNonNull(layer.siblings()))
        .toList();
  }

  /** The nearest siblings of every layer in trouble. */
  private SortedMap<Integer, List<Integer>> troubled(List<Siblings> first, List<Siblings> now) {
    SortedMap<Integer, List<Integer>> where = new TreeMap<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      if (trouble.test(first.get(layer), now.get(layer))) {
        where.put(layers.get(layer), now.get(layer).nearest());
      }
    }
    return where;
  }

  private Metric.Alarm alarm(
      Metric.Evaluation first, Metric.Evaluation now, SortedMap<Integer, List<Integer>> where) {
    return new Metric.Alarm(
        now.step(),
        now.tokens(),
        name,
        message.apply(siblings(first), siblings(now)) + ": " + Places.text(where),
        remedy,
        where,
        stop);
  }
}
