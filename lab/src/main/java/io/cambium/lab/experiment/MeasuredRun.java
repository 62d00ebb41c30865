package io.cambium.lab.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.analysis.Specialisation;
import io.cambium.lab.comparison.DemoSummary.Grown;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * One arm with one seed. Losses are nats per token at the last evaluation.
 *
 * @param experts routed experts per layer at the end; 0 for a dense model
 * @param tokens it was trained on, those of a source that it branched from included
 * @param seconds of training, likewise; the only figure here that differs from one time to the next
 * @param expertSteps routed experts per layer, summed over the steps (docs/lab.md)
 * @param saving 1 - expert-steps / those of as many steps with as many experts as at the end
 * @param loss by domain
 * @param meanLoss over the domains
 * @param load over the last steps; absent for a dense model
 * @param growth absent for a run that does not grow
 * @param specialisation how far the domains' routing lies apart at each evaluation, oldest first;
 *     empty for a dense model
 * @param recovery absent unless the run grew, or began with experts made of a dense model that a
 *     source run trained
 * @param regretBounds absent for a run that does not grow
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MeasuredRun(
    long seed,
    int experts,
    long tokens,
    double seconds,
    long expertSteps,
    double saving,
    SortedMap<String, Double> loss,
    double meanLoss,
    @Nullable LoadBalance load,
    @Nullable Grown growth,
    List<Specialised> specialisation,
    @Nullable Recovery recovery,
    @Nullable RegretBounds regretBounds) {

  public MeasuredRun {
    specialisation = List.copyOf(specialisation);
  }

  /**
   * A point of the specialisation over time.
   *
   * @param distance share of the assignments that would have to go to other experts for all domains
   *     to be routed alike, mean over the layers
   */
  public record Specialised(long tokens, double distance) {

    static List<Specialised> of(List<Metric.Evaluation> evaluations) {
      return evaluations.stream()
          .filter(evaluation -> !evaluation.routing().layers().isEmpty())
          .map(evaluation ->
              new Specialised(evaluation.tokens(), Specialisation.distance(evaluation.routing())))
          .toList();
    }
  }

  /**
   * How soon a model with more experts is as good as the one it was made of.
   *
   * @param sourceLoss mean loss of that one
   * @param steps after which an evaluation first found a loss no higher, but for what four decimals
   *     do not show; 0 for a model that begins as good, absent if none did
   * @param tokens the same in training tokens
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Recovery(double sourceLoss, @Nullable Long steps, @Nullable Long tokens) {

    /** Not shown by four decimals of a loss, in nats. */
    private static final double INVISIBLE = 5e-5;

    /**
     * Looks for it.
     *
     * @param step after which there are more experts
     * @param tokensBefore training tokens by then
     * @param since evaluations of the model with more experts, oldest first
     */
    static Recovery of(
        double sourceLoss, long step, long tokensBefore, List<Metric.Evaluation> since) {
      return since.stream()
          .filter(evaluation -> evaluation.meanLoss() <= sourceLoss + INVISIBLE)
          .findFirst()
          .map(evaluation ->
              new Recovery(
                  sourceLoss, evaluation.step() - step, evaluation.tokens() - tokensBefore))
          .orElse(new Recovery(sourceLoss, null, null));
    }
  }
}
