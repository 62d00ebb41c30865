package io.cambium.lab.experiment;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an experiment trains, known before it begins.
 *
 * @param out its directory
 * @param runs seed by seed; sources come before those that need them
 */
public record ExperimentPlan(Experiment experiment, Path out, List<PlannedRun> runs) {

  /**
   * Plans.
   *
   * @throws UsageException if the settings of an arm make no run
   */
  public static ExperimentPlan of(Experiment experiment, Path out) {
    Path directory = out.toAbsolutePath().normalize();
    return new ExperimentPlan(
        experiment,
        directory,
        experiment.seeds().stream()
            .flatMap(seed -> SeedPlan.of(experiment.arms(), directory, seed).stream())
            .toList());
  }

  /** The run of an arm or of a source. */
  public PlannedRun run(String name, long seed) {
    return runs.stream()
        .filter(run -> run.name().equals(name) && run.seed() == seed)
        .findFirst()
        .orElseThrow();
  }

  /** Who begins with a checkpoint of this run. */
  public List<String> usersOf(PlannedRun source) {
    return runs.stream()
        .filter(run ->
            run.seed() == source.seed()
                && run.start().needs().filter(source.exports()::containsValue).isPresent())
        .map(PlannedRun::name)
        .toList();
  }

  /** Steps that are trained in all. */
  public long steps() {
    return runs.stream().mapToLong(PlannedRun::steps).sum();
  }

  /** Steps that it would be if every arm had its source for itself. */
  public long unsharedSteps() {
    return runs.stream()
        .filter(run -> !run.isSourceOnly())
        .mapToLong(run -> run.lastStep() + sourceSteps(run))
        .sum();
  }

  /** Those of a source that the run's own count leaves out. */
  private static long sourceSteps(PlannedRun run) {
    return run.config().branch() ? 0 : stepsBefore(run.start());
  }

  private static long stepsBefore(Start start) {
    return switch (start) {
      case Start.Saved saved -> saved.step();
      case Start.Upcycled upcycled -> stepsBefore(upcycled.dense());
      case Start.Given given -> 0;
      case Start.Fresh fresh -> 0;
    };
  }

  /** A run from the first step of the model on, its source's steps included. */
  RunHistory history(PlannedRun run) {
    RunHistory own = RunHistory.read(run.directory());
    return run.start() instanceof Start.Saved saved && run.config().branch()
        ? own.branchedFrom(history(run(saved.run(), run.seed())))
        : own;
  }

  /**
   * Looks at all that was begun before anything goes on.
   *
   * @throws UsageException if a run began with other settings than it has now, or another version
   *     wrote what this one cannot read
   */
  public void requireResumable() {
    runs.forEach(PlannedRun::requireResumable);
  }

  /** The arm that is the same but does not grow, if there is one. */
  Optional<ArmSettings> fixedE(ArmSettings grown) {
    return baseline(grown, grown::beginsLike);
  }

  /** The arm that has from the start as many experts as this one has in the end. */
  Optional<ArmSettings> fixedmE(ArmSettings grown) {
    int experts = config(grown).growths().getLast().experts();
    return baseline(grown, arm -> grown.beginsLike(arm, experts));
  }

  private Optional<ArmSettings> baseline(ArmSettings grown, Predicate<ArmSettings> begins) {
    return experiment.arms().stream()
        .filter(arm ->
            arm.growth() == null
                && (arm.upcycle() != null || arm.source().isEmpty())
                && comparable(arm).equals(comparable(grown))
                && begins.test(arm))
        .findFirst();
  }

  RunConfig config(ArmSettings arm) {
    return run(arm.name(), experiment.seeds().getFirst()).config();
  }

  /** What makes two arms comparable: all but what only a growth is concerned with. */
  private ObjectNode comparable(ArmSettings arm) {
    ObjectNode settings = YamlSettings.tree(config(arm));
    settings.remove(List.of("growth", "release", "branch", "alarms", "checkpoint"));
    settings.remove("model"); // where it begins, be it a source's checkpoint, is compared by itself
    ((ObjectNode) settings.get("schedule")).remove("restart");
    return settings;
  }
}
