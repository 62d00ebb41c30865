package io.cambium.lab.demo;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.AlarmConfig;
import io.cambium.training.config.BalanceConfig;
import io.cambium.training.config.BatchConfig;
import io.cambium.training.config.CheckpointConfig;
import io.cambium.training.config.DistributedConfig;
import io.cambium.training.config.EvaluationConfig;
import io.cambium.training.config.GroupsConfig;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.ModelSizes;
import io.cambium.training.config.OptimizerConfig;
import io.cambium.training.config.ReleaseConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.ScheduleConfig;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and settings of the demo. All of them are fixed but two, so that the same call gives
 * the same bytes on any machine with as many workers.
 *
 * @param steps of each arm that is trained to the end
 * @param seed of weights and data
 */
record DemoPlan(int steps, long seed) {

  static final int SOURCE_EXPERTS = 8;
  static final int TARGET_EXPERTS = 32;
  static final int MAX_POSITIONS = 512;

  /** A fixed number, since sums are rounded in another order with another number of workers. */
  static final int WORKERS = 2;

  /** What two cores manage with room to spare, evaluations and the other arms included. */
  private static final int STEPS_PER_MINUTE = 75;

  private static final int LEAST_STEPS = 40;
  private static final int TOP_K = 2;
  private static final int HIDDEN_SIZE = 64;
  private static final int EXPERT_SIZE = 64;
  private static final int DENSE_SIZE = 192;
  private static final int ROUTING_LAYERS = 3;
  private static final double GROWTH_AT = 1.0 / 3;

  static DemoPlan of(double minutes, long seed) {
    int steps = (int) Math.round(minutes * STEPS_PER_MINUTE);
    if (!(minutes > 0) || steps < LEAST_STEPS) {
      throw new UsageException(
          "--minutes",
          "is " + minutes + ", too few for anything to be learned",
          "give " + (double) LEAST_STEPS / STEPS_PER_MINUTE + " or more");
    }
    return new DemoPlan(steps, seed);
  }

  /** The step at which the source stops and the arms part. */
  int branchStep() {
    return (int) Math.round(GROWTH_AT * steps);
  }

  /** The step after which the grown model is a plain top-K model. */
  int releaseEnd() {
    return branchStep() + ReleaseConfig.DEFAULT.windowSteps(steps - branchStep());
  }

  /** A dense first layer, then layers that route to experts beside a shared one. */
  static ModelSizes sizes(int experts) {
    return new ModelSizes(
        "glm4_moe",
        HIDDEN_SIZE,
        1 + ROUTING_LAYERS,
        1,
        1,
        4,
        2,
        16,
        experts,
        TOP_K,
        EXPERT_SIZE,
        DENSE_SIZE,
        1,
        MAX_POSITIONS,
        false,
        true);
  }

  /** A run from a fresh model. */
  RunConfig fromScratch(Path model, Path corpus) {
    return run(model, corpus, false, null);
  }

  /** A run that goes on from the source and grows at once. */
  RunConfig grown(Path source, Path corpus, Mode mode) {
    return run(source, corpus, true, growth(mode));
  }

  private GrowthConfig growth(Mode mode) {
    GrowthConfig standard = GrowthConfig.DEFAULT;
    return new GrowthConfig(
        List.of((double) branchStep()),
        List.of(TARGET_EXPERTS),
        mode,
        null,
        null,
        null,
        standard.replicas(),
        null,
        standard.moments(),
        standard.calibrationBatches(),
        standard.counts(),
        standard.score(),
        standard.countCap(),
        standard.scoreBatches(),
        seed);
  }

  private RunConfig run(Path model, Path corpus, boolean branch, @Nullable GrowthConfig growth) {
    OptimizerConfig optimizer = OptimizerConfig.DEFAULT;
    return new RunConfig(
        model,
        corpus,
        List.of(),
        new TreeMap<>(),
        seed,
        steps,
        new BatchConfig(16, 256, 8),
        WORKERS,
        DistributedConfig.DEFAULT,
        new OptimizerConfig(
            3e-3,
            optimizer.betas(),
            optimizer.epsilon(),
            optimizer.weightDecay(),
            optimizer.clipNorm()),
        GroupsConfig.DEFAULT,
        ScheduleConfig.DEFAULT,
        BalanceConfig.DEFAULT,
        new EvaluationConfig(Math.max(10, steps / 30), 8),
        new CheckpointConfig(Math.max(1, steps / 5), 1, 0),
        AlarmConfig.DEFAULT,
        branch,
        ReleaseConfig.DEFAULT,
        growth);
  }
}
