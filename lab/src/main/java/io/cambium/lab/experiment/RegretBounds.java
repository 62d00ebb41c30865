package io.cambium.lab.experiment;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.cambium.training.metrics.Metric;
import java.util.List;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How the upper bounds on the regret of a grown model and of one with all experts from the start
 * differ (Expert Upcycling, arXiv 2604.19835, Theorem A.1), or why that cannot be said.
 */
public sealed interface RegretBounds {

  /** What the terms are, and are not. */
  String MEANING = "Terms of a difference of bounds on regret, grown minus fixed mE: not of losses";

  /** What is taken for what no run can know; lines for a terminal. */
  String STAND_INS =
      """
      (Upper bounds: Expert Upcycling, Theorem A.1. For the least losses: the final
      validation losses. For the optimum: the last weights of fixed mE, experts
      compared by their index. For the learning rates of gradient descent: the
      schedule's, which AdamW scales weight by weight.)
      """;

  /**
   * The two terms, of one seed. Distances are over all weights but the routers' selection bias,
   * which no gradient moves.
   *
   * @param capacity (sum of the learning rates before the growth / of all) * (L*_E - L*_mE), in
   *     nats per token: above 0 where fewer experts cost something
   * @param initialisation (||th_U - th*||^2 - ||th_0 - th*||^2) / (2 * sum of the learning rates):
   *     below 0 where the grown weights begin nearer to the optimum
   * @param rateShare sum of the learning rates before the growth / of all
   * @param rateSum of the learning rates of all steps
   * @param grownDistance ||th_U - th*||^2, from the weights right after the growth
   * @param startDistance ||th_0 - th*||^2, from those that fixed mE began with
   */
  @JsonNaming(SnakeCaseStrategy.class)
  record Terms(
      double capacity,
      double initialisation,
      double rateShare,
      double rateSum,
      double grownDistance,
      double startDistance)
      implements RegretBounds {

    /**
     * Computes them.
     *
     * @param steps all of the grown model, its source's included
     * @param growth the step after which it grew
     * @param gap L*_E - L*_mE
     */
    static Terms of(
        List<Metric.Train> steps,
        long growth,
        double gap,
        double grownDistance,
        double startDistance) {
      double all = steps.stream().mapToDouble(Metric.Train::lr).sum();
      double before =
          steps.stream().filter(step -> step.step() <= growth).mapToDouble(Metric.Train::lr).sum();
      return new Terms(
          before / all * gap,
          (grownDistance - startDistance) / (2 * all),
          before / all,
          all,
          grownDistance,
          startDistance);
    }

    /** For who reads the figures alone. */
    @JsonProperty("meaning")
    public String meaning() {
      return MEANING + " " + STAND_INS.replace('\n', ' ').strip();
    }
  }

  /**
   * There are no terms.
   *
   * @param missing for want of what
   */
  record None(String missing) implements RegretBounds {}
}
