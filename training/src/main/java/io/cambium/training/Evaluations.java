package io.cambium.training;

import io.cambium.training.config.RunConfig;
import io.cambium.training.data.Corpus;
import io.cambium.training.metrics.LayerHealth;
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
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The evaluations of a run, and what its log already knows of them. */
final class Evaluations {

  static final int CALIBRATION_SEQUENCES = 16;

  private final Evaluator evaluator;
  private final int length;
  private final Path log;

  /** By step, of the model as its checkpoint has it: where it grew, of the one before. */
  private final Map<Long, Double> losses = new TreeMap<>();

  /**
   * @param log the run's metrics, which may not exist yet
   * @param step steps taken; what the log holds beyond them will be forgotten
   * @param remembers whether to read it: other ranks leave that to the first, which may delete it
   *     at any time
   */
  Evaluations(Corpus corpus, RunConfig config, Path log, long step, boolean remembers) {
    this.evaluator = new Evaluator(corpus, config.evaluate().sequences(), config.batch().length());
    this.length = config.batch().length();
    this.log = log;
    if (remembers && Files.exists(log)) {
      MetricsLog.forEach(log, metric -> remember(metric, step));
    }
  }

  private void remember(Metric metric, long step) {
    if (metric instanceof Metric.Evaluation evaluation && evaluation.step() <= step) {
      losses.putIfAbsent(evaluation.step(), evaluation.meanLoss());
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

  /** The mean loss of the model as the step's checkpoint has it, where it was evaluated. */
  OptionalDouble loss(long step) {
    Double loss = losses.get(step);
    return loss == null ? OptionalDouble.empty() : OptionalDouble.of(loss);
  }

  /**
   * Which of a growth and the evaluation after it are still to be logged: a run that was killed
   * right after it had grown has said so already.
   */
  List<Metric> notLogged(Metric.Growth growth, Metric.Evaluation after) {
    boolean grown = false;
    boolean evaluated = false;
    for (Metric metric : Files.exists(log) ? MetricsLog.read(log) : List.<Metric>of()) {
      boolean here = metric.step() == growth.step();
      evaluated |= here && grown && metric instanceof Metric.Evaluation;
      grown |= here && metric instanceof Metric.Growth;
    }
    List<Metric> missing = new ArrayList<>();
    if (!grown) {
      missing.add(growth);
    }
    if (!evaluated) {
      missing.add(after);
    }
    return missing;
  }

  /**
   * Evaluates a model under its present selection rule.
   *
   * @param release how far it is on the way to plain top-K, 0 to 1
   * @param active the experts that can be chosen, by routing layer
   */
  Metric.Evaluation evaluate(
      ModelInTraining model, TrainerState state, double release, Map<Integer, int[]> active) {
    Map<String, Evaluator.DomainResult> results =
        evaluator.evaluate(model.decoder(), model.parents());
    SortedMap<String, Double> byDomain = new TreeMap<>();
    results.forEach((domain, result) -> byDomain.put(domain, result.loss()));
    double meanLoss = mean(byDomain.values().stream().toList());
    losses.putIfAbsent(state.step(), meanLoss);
    boolean grown = model.parents() != null;
    List<RoutingStatistics> routing =
        results.values().stream().map(Evaluator.DomainResult::routing).toList();
    List<Integer> layers = model.decoder().spec().mixtureLayers();
    List<LayerHealth> health = RouterHealth.of(model, routing, active);
    return new Metric.Evaluation(
        state.step(),
        state.tokens(),
        byDomain,
        meanLoss,
        grown ? mean(routing.stream().map(RoutingStatistics::siblingCoselection).toList()) : null,
        routing(layers, results),
        health.stream().mapToInt(layer -> layer.balance().dead().size()).sum(),
        release,
        unhealthy(layers, health),
        health);
  }

  private static List<Integer> unhealthy(List<Integer> layers, List<LayerHealth> health) {
    return IntStream.range(0, layers.size())
        .filter(i -> !health.get(i).balance().healthy())
        .mapToObj(layers::get)
        .toList();
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
              .map(result -> Loads.shares(result.routing().total(layer).assignments_E()))
              .toList());
    }
    return new Metric.Routing(layers, List.copyOf(results.keySet()), shares);
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
