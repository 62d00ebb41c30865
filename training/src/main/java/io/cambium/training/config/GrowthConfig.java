package io.cambium.training.config;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.utility.CountRule;
import io.cambium.upcycle.utility.Score;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Growth inside a run: the experts of every routing layer are replicated, once or several times;
 * all but when and to how many is the same each time. {@code rows}, {@code rowDelta}, {@code
 * biasNoise} and {@code replicaAmount} may be null for the default of {@link GrowthOptions}, which
 * depends on mode, rows and replicas; a {@link RunConfig} fills them in.
 *
 * @param at when, one for each growth: a share of all steps, or the step itself if above 1
 * @param experts routed experts per layer afterwards, likewise: more than before
 * @param mode how experts are chosen while siblings are still alike; decides whether the loss jumps
 * @param rows router rows of siblings; lineage needs rows that differ
 * @param rowDelta how far siblings' rows lie apart, as a share of the row's norm
 * @param biasNoise half-width of the uniform noise on replicas' selection bias
 * @param replicas weights of replicas: their parent's, some neurons drawn anew, or an ablation
 * @param replicaAmount how far they go, such as the share of those neurons; more parts siblings
 *     sooner and costs more at first
 * @param moments optimizer state of the grown tensors
 * @param calibrationBatches batches from which split takes its directions
 * @param counts how many experts each becomes: as equal as possible, or by a rule on scores that
 *     are computed when it grows
 * @param score what that rule goes by; more copies of what scores high
 * @param countCap further copies that greedy counts give one expert at most; 0 for three times
 *     those per expert
 * @param scoreBatches batches from which the score is computed; more make it steadier
 * @param seed of all that the growth draws; the second draws with the next one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GrowthConfig(
    @JsonFormat(with = JsonFormat.Feature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED) List<Double> at,
    @JsonFormat(with = JsonFormat.Feature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED) List<Integer> experts,
    Mode mode,
    @Nullable Rows rows,
    @Nullable Double rowDelta,
    @Nullable Double biasNoise,
    String replicas,
    @Nullable Double replicaAmount,
    Moments moments,
    int calibrationBatches,
    GrowthCounts counts,
    Score score,
    int countCap,
    int scoreBatches,
    long seed) {

  public static final GrowthConfig DEFAULT = of(List.of(0.33), List.of(32));

  /** A value for every setting; several where there may be. */
  static final GrowthConfig COMPLETE = of(List.of(0.2, 0.4), List.of(16, 32)).resolved();

  private static GrowthConfig of(List<Double> at, List<Integer> experts) {
    return new GrowthConfig(
        at,
        experts,
        Mode.LINEAGE,
        null,
        null,
        null,
        "copy",
        null,
        Moments.COPY,
        4,
        GrowthCounts.UNIFORM,
        Score.GRAD_SQUARED,
        0,
        10,
        0);
  }

  /**
   * One growth of a run.
   *
   * @param number from 0
   * @param step after which the experts are replicated
   * @param experts routed experts per layer afterwards
   */
  public record Stage(int number, int step, int experts) {}

  /**
   * Settings that others may still replace: keys, types and ranges are checked, and not what goes
   * with what.
   *
   * @throws UsageException naming the setting
   */
  public static GrowthConfig incomplete(ObjectNode settings) {
    return YamlSettings.over(DEFAULT, COMPLETE, settings);
  }

  public GrowthConfig {
    at = List.copyOf(at);
    experts = List.copyOf(experts);
    at.forEach(GrowthConfig::requireWhen);
    if (at.isEmpty() || experts.isEmpty()) {
      throw new UsageException(
          "growth", "never happens", "give growth.at and growth.experts one of each, or more");
    }
    Range.atLeastOne("growth.calibration_batches", calibrationBatches);
    Range.atLeastOne("growth.score_batches", scoreBatches);
  }

  private static void requireWhen(double at) {
    Range.positive("growth.at", at);
    if (at > 1 && at != Math.rint(at)) {
      throw new UsageException(
          "growth.at", "is " + at, "write a share of all steps, below 1, or a whole step");
    }
  }

  /**
   * What the first growth asks of the upcycler, with uniform counts.
   *
   * @throws UsageException if settings do not go together
   */
  public GrowthOptions options() {
    return options(firstStage(), new Counts.Uniform());
  }

  /** When it comes does not matter here. */
  private Stage firstStage() {
    return new Stage(0, 0, experts.getFirst());
  }

  /** Of its own for every growth, or all would draw the same directions again. */
  private long seed(Stage stage) {
    return seed + stage.number();
  }

  /** How scores become counts; empty for uniform counts. */
  public Optional<CountRule> countRule(Stage stage) {
    if (counts == GrowthCounts.UNIFORM && countCap != 0) {
      throw new UsageException(
          "growth.count_cap", "does not go with counts " + counts, "it bounds greedy counts alone");
    }
    return counts.rule().map(kind -> new CountRule(kind, countCap, seed(stage)));
  }

  /** What a growth asks of the upcycler, with counts that were worked out. */
  public GrowthOptions options(Stage stage, Counts resolvedCounts) {
    GrowthOptions options =
        GrowthOptions.to(stage.experts())
            .mode(mode)
            .rows(rows)
            .rowDelta(rowDelta)
            .biasNoise(biasNoise)
            .replicas(replicas)
            .replicaAmount(replicaAmount)
            .counts(resolvedCounts)
            .moments(moments)
            .seed(seed(stage))
            .overwrite(true)
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
    if (at.size() != experts.size()) {
      throw new UsageException(
          "growth.at",
          "has %d, growth.experts %d".formatted(at.size(), experts.size()),
          "give one of each for every growth, such as at: [0.2, 0.4] and experts: [16, 32]");
    }
    GrowthOptions options = options();
    countRule(firstStage());
    return new GrowthConfig(
        at,
        experts,
        mode,
        options.rows(),
        options.rowDelta(),
        // Of mode flat it depends on the model's router.
        mode == Mode.FLAT ? biasNoise : Double.valueOf(options.biasNoise()),
        replicas,
        options.replicas().amount(),
        moments,
        calibrationBatches,
        counts,
        score,
        countCap,
        scoreBatches,
        seed);
  }

  /**
   * The growths, in their order.
   *
   * @param steps of the whole run
   */
  public List<Stage> stages(int steps) {
    return IntStream.range(0, at.size())
        .mapToObj(i -> new Stage(i, step(at.get(i), steps), experts.get(i)))
        .toList();
  }

  private static int step(double at, int steps) {
    return Math.toIntExact(Math.round(at > 1 ? at : at * steps));
  }

  /** Whether the grown model starts exact and is released to plain top-K. */
  public boolean releases() {
    return mode == Mode.LINEAGE || mode == Mode.COLD;
  }

  /**
   * Refuses growths that do not fit into a run: each must come before the last step, and be
   * released before the next one, and before the learning rate decays, or the model has no time to
   * heal at full speed.
   *
   * @param steps of the whole run
   */
  void requireFits(int steps, ScheduleConfig schedule, ReleaseConfig release) {
    List<Stage> stages = stages(steps);
    for (int i = 0; i < stages.size(); i++) {
      Stage stage = stages.get(i);
      requireReleased(stage.step(), steps, schedule.decayStart(steps, stage.step()), release);
      if (i > 0) {
        requireFollows(stages.get(i - 1), stage, steps, release);
      }
    }
  }

  private void requireFollows(Stage before, Stage next, int steps, ReleaseConfig release) {
    if (next.step() <= before.step() || next.experts() <= before.experts()) {
      throw new UsageException(
          "growth",
          "to %d experts at step %d comes after one to %d at step %d"
              .formatted(next.experts(), next.step(), before.experts(), before.step()),
          "let steps and experts both rise");
    }
    int end = releaseEnd(before.step(), steps, release);
    if (releases() && end > next.step()) {
      throw new UsageException(
          "growth.at",
          "is step %d, but the growth at step %d is released by step %d"
              .formatted(next.step(), before.step(), end),
          "grow later, or lower release.window");
    }
  }

  private static int releaseEnd(int step, int steps, ReleaseConfig release) {
    return step + release.windowSteps(steps - step);
  }

  private void requireReleased(int step, int steps, int decayStart, ReleaseConfig release) {
    if (step < 1 || step >= steps) {
      throw new UsageException(
          "growth.at", "is step " + step + " of " + steps, "grow between the first and the last");
    }
    int end = releaseEnd(step, steps, release);
    if (releases() && end > decayStart) {
      throw new UsageException(
          "release.window",
          "growth at step %d of %d is released by step %d, after the learning rate decays from %d"
              .formatted(step, steps, end, decayStart),
          step < decayStart
              ? "lower it to %.3f or less, or grow earlier"
                  .formatted(Math.floor(1000.0 * (decayStart - step) / (steps - step)) / 1000)
              : "grow earlier, before step " + decayStart + ", or lower schedule.decay");
    }
  }
}
