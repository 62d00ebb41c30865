package io.cambium.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.GrowthOptions;
import io.cambium.upcycle.GrowthOptions.Mode;
import io.cambium.upcycle.GrowthOptions.Moments;
import io.cambium.upcycle.GrowthOptions.Replicas;
import io.cambium.upcycle.GrowthOptions.Rows;
import org.jspecify.annotations.Nullable;

/**
 * Growth inside a run: the experts of every routing layer are replicated at one step. {@code rows},
 * {@code rowDelta}, {@code biasNoise} and {@code dropRate} may be null for the default of {@link
 * GrowthOptions}, which depends on mode, rows and replicas; a {@link RunConfig} fills them in.
 *
 * @param at when: a share of all steps, or the step itself if above 1
 * @param experts routed experts per layer afterwards, more than before
 * @param mode how experts are chosen while siblings are still alike; decides whether the loss jumps
 * @param rows router rows of siblings; lineage needs rows that differ
 * @param rowDelta how far siblings' rows lie apart, as a share of the row's norm
 * @param biasNoise half-width of the uniform noise on replicas' selection bias
 * @param replicas weights of replicas: their parent's, or some neurons drawn anew
 * @param dropRate share of those neurons; more of them part siblings sooner and cost more at first
 * @param moments optimizer state of the grown tensors
 * @param window share of the remaining steps in which lineage and cold anneal to plain top-K
 * @param hold share of the window in which they stay exact
 * @param calibrationBatches batches from which split takes its directions
 * @param seed of all that the growth draws
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GrowthConfig(
    double at,
    int experts,
    Mode mode,
    @Nullable Rows rows,
    @Nullable Double rowDelta,
    @Nullable Double biasNoise,
    Replicas replicas,
    @Nullable Double dropRate,
    Moments moments,
    double window,
    double hold,
    int calibrationBatches,
    long seed) {

  public static final GrowthConfig DEFAULT =
      new GrowthConfig(
          0.33,
          32,
          Mode.LINEAGE,
          null,
          null,
          null,
          Replicas.COPY,
          null,
          Moments.COPY,
          0.2,
          0.2,
          4,
          0);

  public GrowthConfig {
    Range.positive("growth.at", at);
    if (at > 1 && at != Math.rint(at)) {
      throw new UsageException(
          "growth.at", "is " + at, "write a share of all steps, below 1, or a whole step");
    }
    Range.share("growth.window", window);
    Range.share("growth.hold", hold);
    Range.atLeastOne("growth.calibration_batches", calibrationBatches);
  }

  /**
   * What the growth step asks of the upcycler.
   *
   * @throws UsageException if settings do not go together
   */
  public GrowthOptions options() {
    GrowthOptions options =
        GrowthOptions.to(experts)
            .mode(mode)
            .rows(rows)
            .rowDelta(rowDelta)
            .biasNoise(biasNoise)
            .replicas(replicas)
            .dropRate(dropRate)
            .moments(moments)
            .seed(seed)
            .build();
    if (mode == Mode.LINEAGE && options.rows() == Rows.COPY) {
      throw new UsageException(
          "growth.rows",
          "equal rows in mode lineage never part the siblings: all tokens would go to one of them",
          "write split or antithetic");
    }
    return options;
  }

  /** The same, with every default filled in. */
  GrowthConfig resolved() {
    GrowthOptions options = options();
    return new GrowthConfig(
        at,
        experts,
        mode,
        options.rows(),
        options.rowDelta(),
        options.biasNoise(),
        replicas,
        options.dropRate(),
        moments,
        window,
        hold,
        calibrationBatches,
        seed);
  }

  /**
   * The step after which the experts are replicated.
   *
   * @param steps of the whole run
   */
  public int step(int steps) {
    return Math.toIntExact(Math.round(at > 1 ? at : at * steps));
  }

  /** Steps from the growth to a plain top-K model; 0 for modes that have nothing to release. */
  public int windowSteps(int steps) {
    boolean releases = mode == Mode.LINEAGE || mode == Mode.COLD;
    return releases ? Math.toIntExact(Math.round(window * (steps - step(steps)))) : 0;
  }

  /** Steps at the window's beginning in which the grown model stays exact. */
  public int holdSteps(int steps) {
    return Math.toIntExact(Math.round(hold * windowSteps(steps)));
  }

  /** The step after which the model is a plain top-K model. */
  public int releaseEnd(int steps) {
    return step(steps) + windowSteps(steps);
  }

  /**
   * Refuses a growth that does not fit into a run: it must come before the last step, and be
   * released before the learning rate decays, or the model has no time to heal at full speed.
   *
   * @param steps of the whole run
   * @param decayStart the last step at the full learning rate
   */
  void requireFits(int steps, int decayStart) {
    int step = step(steps);
    if (step < 1 || step >= steps) {
      throw new UsageException(
          "growth.at", "is step " + step + " of " + steps, "grow between the first and the last");
    }
    if (windowSteps(steps) > 0 && releaseEnd(steps) > decayStart) {
      throw new UsageException(
          "growth.window",
          "growth at step %d of %d is released by step %d, after the learning rate decays from %d"
              .formatted(step, steps, releaseEnd(steps), decayStart),
          step < decayStart
              ? "lower it to %.3f or less, or grow earlier"
                  .formatted(Math.floor(1000.0 * (decayStart - step) / (steps - step)) / 1000)
              : "grow earlier: before step " + decayStart);
    }
  }
}
