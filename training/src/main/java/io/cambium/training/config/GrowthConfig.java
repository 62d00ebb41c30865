package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.GrowthOptions;
import io.cambium.upcycle.GrowthOptions.Mode;
import io.cambium.upcycle.GrowthOptions.Moments;
import io.cambium.upcycle.GrowthOptions.Replicas;
import io.cambium.upcycle.GrowthOptions.Rows;
import java.util.List;
import java.util.Locale;

/**
 * Growth inside a run: the experts of every routing layer are replicated at one step.
 *
 * @param at when: a share of all steps, or the step itself if above 1
 * @param experts routed experts per layer afterwards, more than before
 * @param mode how experts are chosen while siblings are still alike: flat, lineage, cold or wide;
 *     decides whether the loss jumps
 * @param rows router rows of siblings: copy, antithetic or split; lineage needs rows that differ
 * @param rowDelta how far siblings' rows lie apart, as a share of the row's norm
 * @param biasNoise span of the uniform noise on replicas' selection bias
 * @param replicas weights of replicas: copy, or drop to draw a share of their neurons anew
 * @param dropRate that share
 * @param moments optimizer state of the grown tensors: copy, reset or scale
 * @param calibrationBatches batches from which split takes its directions
 * @param seed of all that the growth draws
 */
public record GrowthConfig(
    double at,
    int experts,
    String mode,
    String rows,
    double rowDelta,
    double biasNoise,
    String replicas,
    double dropRate,
    String moments,
    int calibrationBatches,
    long seed) {

  public static final GrowthConfig DEFAULT =
      new GrowthConfig(0.33, 32, "lineage", "split", 0.6, 0.0, "copy", 0.5, "copy", 4, 0);

  public GrowthConfig {
    Range.positive("growth.at", at);
    if (at > 1 && at != Math.rint(at)) {
      throw new UsageException(
          "growth.at", "is " + at, "write a share of all steps, below 1, or a whole step");
    }
    Range.atLeastOne("growth.experts", experts);
    requireOneOf("growth.mode", mode, List.of("flat", "lineage", "cold", "wide"));
    requireOneOf("growth.rows", rows, List.of("copy", "antithetic", "split"));
    Range.notNegative("growth.row_delta", rowDelta);
    Range.notNegative("growth.bias_noise", biasNoise);
    requireOneOf("growth.replicas", replicas, List.of("copy", "drop"));
    Range.share("growth.drop_rate", dropRate);
    requireOneOf("growth.moments", moments, List.of("copy", "reset", "scale"));
    Range.atLeastOne("growth.calibration_batches", calibrationBatches);
  }

  /**
   * The step after which the experts are replicated.
   *
   * @param steps of the whole run
   */
  public int step(int steps) {
    return Math.toIntExact(Math.round(at > 1 ? at : at * steps));
  }

  /** The options of the growth operator. */
  public GrowthOptions options() {
    Rows rowKind = Rows.valueOf(rows.toUpperCase(Locale.ROOT));
    Replicas replicaKind = Replicas.valueOf(replicas.toUpperCase(Locale.ROOT));
    return GrowthOptions.to(experts)
        .mode(Mode.valueOf(mode.toUpperCase(Locale.ROOT)))
        .rows(rowKind)
        .rowDelta(rowKind == Rows.COPY ? null : rowDelta)
        .biasNoise(biasNoise)
        .replicas(replicaKind)
        .dropRate(replicaKind == Replicas.COPY ? null : dropRate)
        .moments(Moments.valueOf(moments.toUpperCase(Locale.ROOT)))
        .seed(seed)
        .overwrite(true)
        .build();
  }

  /** Whether the grown model starts exact and is released to plain top-K. */
  public boolean releases() {
    return mode.equals("lineage") || mode.equals("cold");
  }

  /**
   * Refuses a growth that does not fit into a run: it must come before the last step, and be
   * released before the learning rate decays, or the model has no time to heal at full speed.
   *
   * @param steps of the whole run
   * @param decayStart the last step at the full learning rate
   */
  void requireFits(int steps, int decayStart, ReleaseConfig release) {
    int step = step(steps);
    if (step < 1 || step >= steps) {
      throw new UsageException(
          "growth.at", "is step " + step + " of " + steps, "grow between the first and the last");
    }
    int end = step + release.windowSteps(steps - step);
    if (releases() && end > decayStart) {
      throw new UsageException(
          "release.window",
          "growth at step %d of %d is released by step %d, after the learning rate decays from %d"
              .formatted(step, steps, end, decayStart),
          step < decayStart
              ? "lower it to %.3f or less, or grow earlier"
                  .formatted(Math.floor(1000.0 * (decayStart - step) / (steps - step)) / 1000)
              : "grow earlier: before step " + decayStart);
    }
  }

  private static void requireOneOf(String key, String value, List<String> known) {
    if (!known.contains(value)) {
      throw new UsageException(key, "is \"" + value + "\"", "one of " + String.join(", ", known));
    }
  }
}
