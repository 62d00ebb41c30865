package io.cambium.lab.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.lab.RunHistory;
import io.cambium.lab.comparison.Arm;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * The losses of one model over its tokens; of an arm that grew since its last growth only, as what
 * lies before it is another model's.
 *
 * @param role what it is drawn as: the role of an arm, or RUN_ and a number
 * @param train smoothed training loss
 * @param validation mean over the domains; of an arm that grew, from right after the last growth on
 * @param cost what the model had cost at each point of {@code validation}
 * @param domains validation loss by domain
 * @param coselection sibling co-selection rate; empty for a model that never grew
 * @param growths in their order; empty for a model that never grew
 * @param configuration run.yaml of the arm's own run
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Curves(
    String role,
    String name,
    Curve train,
    Curve validation,
    Cost cost,
    SortedMap<String, Curve> domains,
    Curve coselection,
    List<Transition> growths,
    String configuration) {

  private static final int TRAIN_POINTS = 500;
  private static final int DIGITS = 4;

  /** Of the steps of a run, over which its training loss is averaged. */
  private static final int SMOOTHING_PARTS = 60;

  /** A line of the chart. */
  public record Curve(List<Long> tokens, List<Double> values) {}

  /**
   * Where the chart marks a growth.
   *
   * @param released where the model has become a plain top-K model
   */
  public record Transition(long tokens, long released) {}

  /**
   * What a model had cost by then.
   *
   * @param expertSteps routed experts per layer, summed over the steps
   * @param seconds wall time of training
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Cost(List<Long> expertSteps, List<Double> seconds) {

    private static Cost of(RunHistory run, List<Long> tokens) {
      NavigableMap<Long, Long> expertSteps = run.expertStepsByTokens();
      NavigableMap<Long, Double> seconds = new TreeMap<>();
      run.steps().forEach(step -> seconds.put(step.tokens(), step.seconds()));
      Metric.Train first = run.steps().getFirst();
      // A branch goes on counting where its source stopped.
      double secondsBefore = first.step() == 1 ? 0 : first.seconds();
      return new Cost(
          tokens.stream().map(at -> at(expertSteps, at, run.expertStepsAtBranch())).toList(),
          Thinning.rounded(tokens.stream().map(at -> at(seconds, at, secondsBefore)).toList(), 1));
    }

    /** What the last step until then had come to. */
    private static <V> V at(NavigableMap<Long, V> byTokens, long tokens, V before) {
      Map.Entry<Long, V> last = byTokens.floorEntry(tokens);
      return last == null ? before : last.getValue();
    }
  }

  static Curves of(Arm arm) {
    RunHistory run = arm.history();
    long grown = run.growth().map(Metric.Growth::step).orElse(0L);
    return of(arm.role().name(), arm.name(), run, grown, run.evaluationsSinceGrowth());
  }

  /** Of a run by itself, from its first step on. */
  static Curves of(String role, String name, RunHistory run) {
    return of(role, name, run, 0, run.evaluations());
  }

  private static Curves of(
      String role,
      String name,
      RunHistory run,
      long fromStep,
      List<Metric.Evaluation> evaluations) {
    Curve validation = validation(run, fromStep);
    return new Curves(
        role,
        name,
        train(run, fromStep),
        validation,
        Cost.of(run, validation.tokens()),
        domains(evaluations, run.finalEvaluation().loss().keySet()),
        coselection(evaluations),
        run.growths().stream().map(growth -> transition(growth, run)).toList(),
        run.configuration());
  }

  /** The mean over the steps before each point, so that a jump shows where it happens. */
  private static Curve train(RunHistory run, long fromStep) {
    List<Metric.Train> steps = run.steps().stream().filter(step -> step.step() > fromStep).toList();
    int window = Math.max(1, run.steps().size() / SMOOTHING_PARTS);
    List<Long> tokens = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (int point : Thinning.points(steps.size(), TRAIN_POINTS)) {
      tokens.add(steps.get(point).tokens());
      values.add(
          steps.subList(Math.max(0, point + 1 - window), point + 1).stream()
              .mapToDouble(Metric.Train::loss)
              .average()
              .orElseThrow());
    }
    return new Curve(tokens, Thinning.rounded(values, DIGITS));
  }

  private static Curve validation(RunHistory run, long fromStep) {
    long from = fromStep == 0 ? 0 : run.growth().map(Metric.Growth::tokens).orElse(0L);
    SortedMap<Long, Double> losses = run.meanLossByTokens().tailMap(from);
    return new Curve(
        List.copyOf(losses.keySet()), Thinning.rounded(List.copyOf(losses.values()), DIGITS));
  }

  private static SortedMap<String, Curve> domains(
      List<Metric.Evaluation> evaluations, Set<String> names) {
    SortedMap<String, Curve> curves = new TreeMap<>();
    for (String name : names) {
      curves.put(name, curve(evaluations, evaluation -> evaluation.loss().get(name)));
    }
    return curves;
  }

  private static Curve coselection(List<Metric.Evaluation> evaluations) {
    return curve(evaluations, Metric.Evaluation::siblingCoselection);
  }

  /** Of the evaluations that have the value. */
  private static Curve curve(
      List<Metric.Evaluation> evaluations, Function<Metric.Evaluation, @Nullable Double> value) {
    List<Long> tokens = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (Metric.Evaluation evaluation : evaluations) {
      Double known = value.apply(evaluation);
      if (known != null) {
        tokens.add(evaluation.tokens());
        values.add(known);
      }
    }
    return new Curve(tokens, Thinning.rounded(values, DIGITS));
  }

  private static Transition transition(Metric.Growth growth, RunHistory run) {
    long released =
        run.steps().stream()
            .filter(step -> step.step() <= growth.step() + growth.windowSteps())
            .mapToLong(Metric.Train::tokens)
            .max()
            .orElse(growth.tokens());
    return new Transition(growth.tokens(), released);
  }
}
