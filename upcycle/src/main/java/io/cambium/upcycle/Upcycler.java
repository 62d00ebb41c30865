package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DensePlanner;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthPlanner;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a model with more experts of one with fewer (expert upcycling, arXiv 2604.19835) or with
 * none (sparse upcycling, arXiv 2212.05055). The command and the growth step of a training run both
 * come through here.
 */
public final class Upcycler {

  private Upcycler() {}

  /**
   * Plans, writes and verifies.
   *
   * @param source checkpoint directory, which stays as it is
   * @param target directory to be written, with the optimizer state where the source has one
   * @param runner runs both models to compare their logits
   * @param calibration token batches that rows {@code split} and the comparison use; may be empty
   *     for other rows
   * @throws UsageException if the options do not fit the model, or the target exists
   * @throws io.cambium.checkpoint.CheckpointException if the source is broken
   * @throws io.cambium.checkpoint.VerificationException if the result is not what was promised
   */
  public static UpcycleResult grow(
      Path source,
      Path target,
      GrowthOptions options,
      ModelRunner runner,
      List<TokenIds> calibration,
      Progress progress) {
    try (PlannedUpcycle growth =
        plan(CheckpointSource.of(source), target, options, runner, calibration, calibration)) {
      return growth.execute(progress);
    }
  }

  /**
   * The first half of {@link #grow}: everything is checked and known, nothing is written.
   *
   * @param source belongs to the caller, and has to stay open as long as the plan
   * @param comparison what the logits are compared on; random tokens if empty
   */
  public static PlannedUpcycle plan(
      CheckpointSource source,
      Path target,
      GrowthOptions options,
      ModelRunner runner,
      List<TokenIds> calibration,
      List<TokenIds> comparison) {
    requireTarget(List.of(source), target, options.overwrite());
    SourceCheckpoint opened = SourceCheckpoint.open(source, 0);
    try {
      GrowthPlanner planner = GrowthPlanner.of(opened, options);
      Directions directions = planner.directions(runner, calibration);
      return new PlannedUpcycle(
          List.of(opened),
          directions,
          planner.plan(target, directions),
          options.overwrite(),
          runner,
          comparison);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /**
   * Plans to make experts of a dense model's blocks; nothing is written.
   *
   * @param sources belong to the caller, and have to stay open as long as the plan
   * @param comparison what the logits are compared on; random tokens if empty
   * @throws UsageException if the options do not fit the models, no family can take them, or the
   *     target exists
   * @throws io.cambium.checkpoint.CheckpointException if a source is broken
   */
  public static PlannedUpcycle planDense(
      DenseSources sources,
      Path target,
      DenseOptions options,
      ModelRunner runner,
      List<TokenIds> comparison) {
    requireTarget(sources.models(), target, options.overwrite());
    List<SourceCheckpoint> opened = new ArrayList<>();
    try {
      for (CheckpointSource model : sources.models()) {
        opened.add(SourceCheckpoint.open(model, opened.size()));
      }
      DensePlanner planner = DensePlanner.of(opened, sources.base(), options);
      Directions directions = planner.directions(runner);
      return new PlannedUpcycle(
          opened,
          directions,
          planner.plan(target, directions),
          options.overwrite(),
          runner,
          comparison);
    } catch (RuntimeException e) {
      opened.forEach(SourceCheckpoint::close);
      throw e;
    }
  }

  private static void requireTarget(
      List<CheckpointSource> sources, Path target, boolean overwrite) {
    if (Files.exists(target) && !overwrite) {
      throw new UsageException(target, "exists already", "choose another name or give --overwrite");
    }
    for (Path to : StagedDirectory.places(target)) {
      for (CheckpointSource source : sources) {
        Path from = StagedDirectory.places(source.path()).getFirst();
        if (from.startsWith(to) || to.startsWith(from)) {
          throw new UsageException(
              to,
              "is or holds the source, or lies in it, and would be written to",
              "choose another name for the result, or for the source");
        }
      }
    }
  }
}
