package io.cambium.lab.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.lab.LoadBalance;
import io.cambium.lab.comparison.DemoSummary.Grown;
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
 * @param expertSteps routed experts per layer, summed over the steps (method, section 1)
 * @param saving 1 - expert-steps / those of as many steps with as many experts as at the end
 * @param loss by domain
 * @param meanLoss over the domains
 * @param load over the last steps; absent for a dense model
 * @param growth absent for a run that does not grow
 * @param recovery absent unless experts were made of a dense model that a source run trained
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
    @Nullable Recovery recovery) {

  /**
   * How soon experts are as good as the dense model they were made of.
   *
   * @param denseLoss its mean loss
   * @param tokens after which the loss was first no higher; absent if it never was
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Recovery(double denseLoss, @Nullable Long tokens) {}
}
