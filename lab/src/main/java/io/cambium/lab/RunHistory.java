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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 * @param sourceSeconds wall time of training in the runs that this one branched from
 */
public record RunHistory(
    Path directory, String configuration, List<Metric> events, double sourceSeconds) {

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
      return new RunHistory(directory, Files.readString(yaml), events, 0);
    } catch (NoSuchFileException e) {
      throw new TrainingException(yaml, "no such file", "is this a run directory?", e);
    } catch (IOException e) {
      throw new TrainingException(yaml, "cannot be read: " + e, null, e);
    }
  }

  /**
   * This run as the continuation of the one it branched from: the source up to the branching step,
   * then this.
   *
   * @throws UsageException if the source did not log the step before this run's first
   */
  public RunHistory branchedFrom(RunHistory source) {
    long branch = steps().getFirst().step() - 1;
    List<Metric> joined = new ArrayList<>();
    source.events.stream().filter(event -> event.step() <= branch).forEach(joined::add);
    Optional<Metric.Train> last = lastOf(Metric.Train.class, joined);
    if (last.isEmpty() || last.get().step() != branch) {
      throw new UsageException(
          directory,
          "branches after step " + branch + ", which " + source.directory + " did not log",
          "give the run it branched from");
    }
    joined.addAll(events);
    return new RunHistory(
        directory, configuration, joined, source.sourceSeconds + last.get().seconds());
  }

  /** The optimizer steps, oldest first; never empty. */
  public List<Metric.Train> steps() {
    return all(Metric.Train.class);
  }

  public List<Metric.Evaluation> evaluations() {
    return all(Metric.Evaluation.class);
  }

  /** The last growth, where the model grew at all. */
  public Optional<Metric.Growth> growth() {
    return lastOf(Metric.Growth.class, events);
  }

  /** The evaluations of the model as it is since its last growth; all where it never grew. */
  public List<Metric.Evaluation> evaluationsSinceGrowth() {
    int grown = growth().map(events::lastIndexOf).orElse(-1);
    return events.subList(grown + 1, events.size()).stream()
        .filter(Metric.Evaluation.class::isInstance)
        .map(Metric.Evaluation.class::cast)
        .toList();
  }

  /**
   * The last evaluation.
   *
   * @throws TrainingException if there was none
   */
  public Metric.Evaluation finalEvaluation() {
    return lastOf(Metric.Evaluation.class, events)
        .orElseThrow(() ->
            new TrainingException(
                directory, "holds no evaluation", "let the run evaluate at its end"));
  }

  /**
   * Mean validation loss of this run minus that of another, by the tokens at which both were
   * evaluated. Where a run was evaluated twice, before and after growing, the later one counts.
   */
  public SortedMap<Long, Double> lossOver(RunHistory other) {
    SortedMap<Long, Double> difference = new TreeMap<>();
    evaluations().forEach(mine -> difference.put(mine.tokens(), mine.meanLoss()));
    Map<Long, Double> theirs = new HashMap<>();
    other.evaluations().forEach(their -> theirs.put(their.tokens(), their.meanLoss()));
    difference.keySet().retainAll(theirs.keySet());
    theirs.forEach((tokens, loss) -> difference.computeIfPresent(tokens, (t, mine) -> mine - loss));
    return difference;
  }

  /** Routed experts in each routing layer at the end. */
  public int experts() {
    return experts(steps().getLast());
  }

  /**
   * How many experts take part: all but the replicas that a {@code cold} growth still holds back,
   * which come after the source's experts (method 2, order on disk).
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

  /** Training tokens in all. */
  public long tokens() {
    return steps().getLast().tokens();
  }

  /** Wall time of training, that of the runs it branched from included. */
  public double seconds() {
    return sourceSeconds + steps().getLast().seconds();
  }

  /**
   * The number of routed experts per layer, summed over the training steps (method, section 1): the
   * hardware-independent stand-in for the cost in memory and communication.
   */
  public long expertSteps() {
    long sum = 0;
    long before = 0;
    for (Metric.Train step : steps()) {
      sum += (step.step() - before) * experts(step);
      before = step.step();
    }
    return sum;
  }

  static int experts(Metric.Train step) {
    return step.load().isEmpty() ? 0 : step.load().getFirst().size();
  }

  private <M extends Metric> List<M> all(Class<M> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static <M extends Metric> Optional<M> lastOf(Class<M> type, List<Metric> events) {
    return events.reversed().stream().filter(type::isInstance).map(type::cast).findFirst();
  }
}
