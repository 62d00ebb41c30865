package io.cambium.lab;

import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.RunConfig;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a model went through from its first step on, read from one run directory, or from several
 * where a run branched from another.
 *
 * @param directory the run directory; of a branch, its own
 * @param configuration that run's resolved run.yaml, as text
 * @param events in the order in which they happened
 */
public record RunHistory(Path directory, String configuration, List<Metric> events) {

  public RunHistory {
    events = List.copyOf(events);
  }

  /**
   * Reads a run directory.
   *
   * @throws TrainingException if its run.yaml or metrics.jsonl is missing or malformed, or no step
   *     was logged
   */
  public static RunHistory read(Path directory) {
    Path yaml = directory.resolve(RunConfig.FILE_NAME);
    List<Metric> events = MetricsLog.read(directory.resolve(MetricsLog.FILE_NAME));
    if (events.stream().noneMatch(Metric.Train.class::isInstance)) {
      throw new TrainingException(directory, "holds no training step yet", "train first");
    }
    try {
      return new RunHistory(directory, Files.readString(yaml), events);
    } catch (NoSuchFileException e) {
      throw new TrainingException(yaml, "no such file", "is this a run directory?", e);
    } catch (IOException e) {
      throw new TrainingException(yaml, "cannot be read: " + e, null, e);
    }
  }

  /**
   * This run as the continuation of the one it branched from: the source up to the branching step,
   * then this. A growth of the source at that very step counts if this run began with its experts.
   *
   * @throws UsageException if the source did not log the step before this run's first
   */
  public RunHistory branchedFrom(RunHistory source) {
    long branch = steps().getFirst().step() - 1;
    if (source.steps().stream().noneMatch(step -> step.step() == branch)) {
      throw new UsageException(
          directory,
          "branches after step " + branch + ", which " + source.directory + " did not log",
          "give the run it branched from");
    }
    List<Metric> joined = new ArrayList<>();
    source.events.stream()
        .filter(event -> event.step() <= branch)
        .takeWhile(event -> !(event instanceof Metric.Growth growth) || comesAfter(growth))
        .forEach(joined::add);
    joined.addAll(events);
    return new RunHistory(directory, configuration, joined);
  }

  /** Whether this run began after a growth of its source: with the experts that it made. */
  private boolean comesAfter(Metric.Growth growth) {
    boolean grewItself = growth().filter(own -> own.step() == growth.step()).isPresent();
    return growth.step() < steps().getFirst().step() - 1
        || (!grewItself && experts(steps().getFirst()) == growth.targetExperts());
  }

  /** The optimizer steps, oldest first; never empty. */
  public List<Metric.Train> steps() {
    return all(Metric.Train.class, events);
  }

  public List<Metric.Evaluation> evaluations() {
    return all(Metric.Evaluation.class, events);
  }

  /** Oldest first. */
  public List<Metric.Growth> growths() {
    return all(Metric.Growth.class, events);
  }

  /** The last growth, where the model grew at all. */
  public Optional<Metric.Growth> growth() {
    return lastOf(Metric.Growth.class, events);
  }

  /** Of all growths the one at which the validation loss jumped most. */
  public Optional<Metric.Growth> costliestGrowth() {
    return growths().stream()
        .max(Comparator.comparingDouble(growth -> growth.lossAfter() - growth.lossBefore()));
  }

  /** The evaluations of the model as it is since its last growth; all where it never grew. */
  public List<Metric.Evaluation> evaluationsSinceGrowth() {
    int grown = growth().map(events::lastIndexOf).orElse(-1);
    return all(Metric.Evaluation.class, events.subList(grown + 1, events.size()));
  }

  /** The last evaluation of the model as it is: none where it grew since. */
  public Optional<Metric.Evaluation> evaluationAsItIs() {
    return lastOf(Metric.Evaluation.class, evaluationsSinceGrowth());
  }

  /**
   * The last evaluation, of the model as it was then.
   *
   * @throws TrainingException if there was none
   */
  public Metric.Evaluation finalEvaluation() {
    return lastOf(Metric.Evaluation.class, events).orElseThrow(this::neverEvaluated);
  }

  /**
   * The mean validation loss of the model as it is, by the tokens where it was last measured.
   *
   * @throws TrainingException if it never was
   */
  public Map.Entry<Long, Double> lastMeanLoss() {
    return Optional.ofNullable(meanLossByTokens().lastEntry()).orElseThrow(this::neverEvaluated);
  }

  private TrainingException neverEvaluated() {
    return new TrainingException(
        directory, "holds no evaluation", "let the run evaluate at its end");
  }

  /** Mean validation loss by the tokens seen; where the model grew, that of the grown model. */
  public NavigableMap<Long, Double> meanLossByTokens() {
    NavigableMap<Long, Double> losses = new TreeMap<>();
    for (Metric event : events) {
      switch (event) {
        case Metric.Evaluation evaluation -> losses.put(event.tokens(), evaluation.meanLoss());
        case Metric.Growth growth -> losses.put(event.tokens(), growth.lossAfter());
        case Metric.Train train -> {}
        case Metric.Alarm alarm -> {}
      }
    }
    return losses;
  }

  /** Mean validation loss minus another run's, at the tokens where both are known. */
  public SortedMap<Long, Double> lossOver(RunHistory other) {
    SortedMap<Long, Double> difference = meanLossByTokens();
    SortedMap<Long, Double> theirs = other.meanLossByTokens();
    difference.keySet().retainAll(theirs.keySet());
    theirs.forEach((tokens, loss) -> difference.computeIfPresent(tokens, (t, mine) -> mine - loss));
    return difference;
  }

  /** Routed experts in each routing layer at the end. */
  public int experts() {
    return growth()
        .filter(growth -> growth.step() >= steps().getLast().step())
        .map(Metric.Growth::targetExperts)
        .orElse(experts(steps().getLast()));
  }

  /**
   * How many experts take part: all but the replicas that a {@code cold} growth still holds back.
   */
  public int expertsInPlay() {
    return growth().filter(this::holdsBack).map(Metric.Growth::sourceExperts).orElse(experts());
  }

  private boolean holdsBack(Metric.Growth growth) {
    boolean over =
        growth.windowSteps() > 0
            && steps().getLast().step() >= growth.step() + growth.windowSteps();
    return growth.mode().equals("cold") && !over;
  }

  /** Wall time of training since the model's first step. */
  public double seconds() {
    return steps().getLast().seconds();
  }

  /**
   * The number of routed experts per layer, summed over the training steps (docs/lab.md): the
   * hardware-independent stand-in for the cost in memory and communication.
   */
  public long expertSteps() {
    return expertStepsByTokens().lastEntry().getValue();
  }

  /**
   * The same after each step, by the tokens seen. The steps before a branch count with the experts
   * that it began with, before it grew.
   */
  public NavigableMap<Long, Long> expertStepsByTokens() {
    NavigableMap<Long, Long> sums = new TreeMap<>();
    long before = steps().getFirst().step() - 1;
    long sum = expertStepsAtBranch();
    for (Metric.Train step : steps()) {
      sum += (step.step() - before) * experts(step);
      before = step.step();
      sums.put(step.tokens(), sum);
    }
    return sums;
  }

  /** The same before the first step that was logged: 0 but for a branch. */
  public long expertStepsAtBranch() {
    return (steps().getFirst().step() - 1) * expertsAtBranch();
  }

  private int expertsAtBranch() {
    Metric.Train first = steps().getFirst();
    return growths().stream()
        .filter(growth -> growth.step() < first.step())
        .findFirst()
        .map(Metric.Growth::sourceExperts)
        .orElse(experts(first));
  }

  static int experts(Metric.Train step) {
    return step.load().isEmpty() ? 0 : step.load().getFirst().size();
  }

  private static <M extends Metric> Optional<M> lastOf(
      Class<M> type, List<? extends Metric> events) {
    return all(type, events.reversed()).stream().findFirst();
  }

  private static <M extends Metric> List<M> all(Class<M> type, List<? extends Metric> events) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
