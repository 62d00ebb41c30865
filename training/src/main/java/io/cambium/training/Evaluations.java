package io.cambium.training;

import io.cambium.training.config.RunConfig;
import io.cambium.training.data.Corpus;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/** The evaluations of a run, and what its log already knows of them. */
final class Evaluations {

  static final int CALIBRATION_SEQUENCES = 16;

  private final Evaluator evaluator;
  private final int length;
  private final Path log;
  private final Map<Long, Double> losses = new TreeMap<>();
  private long lastStep = -1;
  private double lastLoss;

  /**
   * @param log the run's metrics, which may not exist yet
   * @param step steps taken; what the log holds beyond them will be forgotten
   */
  Evaluations(Corpus corpus, RunConfig config, Path log, long step) {
    this.evaluator = new Evaluator(corpus, config.evaluate().sequences(), config.batch().length());
    this.length = config.batch().length();
    this.log = log;
    if (Files.exists(log)) {
      MetricsLog.read(log).stream().filter(m -> m.step() <= step).forEach(this::remember);
    }
  }

  private void remember(Metric metric) {
    if (metric instanceof Metric.Evaluation evaluation) {
      lastStep = evaluation.step();
      lastLoss = evaluation.meanLoss();
      losses.put(lastStep, lastLoss);
    }
  }

  /**
   * Of some steps those with the lowest loss, where they were evaluated; of equals the earliest.
   */
  List<Long> best(int count, List<Long> steps) {
    return steps.stream()
        .filter(losses::containsKey)
        .sorted(Comparator.comparingDouble(step -> Objects.requireNonNull(losses.get(step))))
        .limit(count)
        .toList();
  }

  boolean isDone(long step) {
    return lastStep == step;
  }

  double lastLoss() {
    return lastLoss;
  }

  /** Whether a run that was killed right after it had grown has said so already. */
  boolean growthIsLogged(long step) {
    return Files.exists(log)
        && MetricsLog.read(log).stream()
            .anyMatch(metric -> metric instanceof Metric.Growth && metric.step() == step);
  }

  /**
   * Evaluates a model under its present selection rule.
   *
   * @param active the experts that can be chosen, by routing layer
   */
  Metric.Evaluation evaluate(
      ModelInTraining model, long step, long tokens, Map<Integer, int[]> active) {
    Map<String, Evaluator.DomainResult> results =
        evaluator.evaluate(model.decoder(), model.parents());
    SortedMap<String, Double> byDomain = new TreeMap<>();
    results.forEach((domain, result) -> byDomain.put(domain, result.loss()));
    lastStep = step;
    lastLoss = mean(byDomain.values().stream().toList());
    losses.put(lastStep, lastLoss);
    boolean grown = model.parents() != null;
    return new Metric.Evaluation(
        step,
        tokens,
        byDomain,
        lastLoss,
        grown
            ? mean(results.values().stream().map(r -> r.routing().siblingCoselection()).toList())
            : null,
        routing(model.decoder().spec().mixtureLayers(), results),
        dead(model.decoder().spec().mixtureLayers(), results, active));
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private static Metric.Routing routing(
      List<Integer> layers, Map<String, Evaluator.DomainResult> results) {
    List<List<List<Double>>> shares = new ArrayList<>();
    for (int layer : layers) {
      shares.add(
          results.values().stream()
              .map(result -> Loads.shares(result.routing().assignments(layer)))
              .toList());
    }
    return new Metric.Routing(layers, List.copyOf(results.keySet()), shares);
  }

  private static int dead(
      List<Integer> layers,
      Map<String, Evaluator.DomainResult> results,
      Map<Integer, int[]> active) {
    int dead = 0;
    for (int layer : layers) {
      List<long[]> loads_DE =
          results.values().stream().map(result -> result.routing().assignments(layer)).toList();
      long[] sum_E = new long[loads_DE.getFirst().length];
      loads_DE.forEach(load_E -> Loads.add(sum_E, load_E));
      dead += Loads.dead(sum_E, Objects.requireNonNull(active.get(layer)));
    }
    return dead;
  }

  /** The training sequences that come next, as batches to calibrate a growth step with. */
  List<TokenIds> calibration(BatchSampler sampler, long firstSequence, int batches) {
    List<TokenIds> calibration = new ArrayList<>();
    for (int b = 0; b < batches; b++) {
      Batch batch = new Batch(CALIBRATION_SEQUENCES, length);
      for (int i = 0; i < CALIBRATION_SEQUENCES; i++) {
        long number = firstSequence + (long) b * CALIBRATION_SEQUENCES + i;
        batch.fill(i, (into, at) -> sampler.copy(number, into, at));
      }
      calibration.add(new TokenIds(CALIBRATION_SEQUENCES, length, batch.inputs()));
    }
    return calibration;
  }
}
