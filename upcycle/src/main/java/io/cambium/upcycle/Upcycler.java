package io.cambium.upcycle;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.GrowthOptions.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/**
 * Expert upcycling (arXiv 2604.19835): a Mixture-of-Experts checkpoint becomes one with more
 * experts per layer. The command and the growth step of a training run both come through here.
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
  public static GrowthResult grow(
      Path source,
      Path target,
      GrowthOptions options,
      ModelRunner runner,
      List<TokenIds> calibration,
      Progress progress) {
    try (PlannedGrowth growth = plan(source, target, options, runner, calibration)) {
      return growth.execute(progress);
    }
  }

  /** The first half of {@link #grow}: everything is checked and known, nothing is written. */
  public static PlannedGrowth plan(
      Path source,
      Path target,
      GrowthOptions options,
      ModelRunner runner,
      List<TokenIds> calibration) {
    requireTarget(source, target, options.overwrite());
    if (options.rows() == Rows.SPLIT && calibration.isEmpty()) {
      throw GrowthOptions.invalid(
          "rows", "split follows what each expert is given, so it needs tokens", "give --data DIR");
    }
    GrowthSource opened = GrowthSource.open(source);
    try {
      SortedMap<Integer, Lineages> layers = Planner.lineages(opened, options);
      Directions directions = directions(opened, options, layers, runner, calibration);
      UpcyclePlan plan = Planner.plan(opened, target, options, layers, directions.warnings());
      return new PlannedGrowth(
          opened, directions, plan, options.overwrite(), runner, List.copyOf(calibration));
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private static Directions directions(
      GrowthSource source,
      GrowthOptions options,
      SortedMap<Integer, Lineages> layers,
      ModelRunner runner,
      List<TokenIds> calibration) {
    if (options.rows() == Rows.COPY) {
      return Directions.NONE;
    }
    List<InputMoments> moments =
        options.rows() == Rows.SPLIT
            ? runner.inputMoments(source.weights().path(), calibration)
            : List.of();
    return Directions.compute(options, layers, source.weights().decoder().hiddenSize(), moments);
  }

  private static void requireTarget(Path source, Path target, boolean overwrite) {
    if (Files.exists(target) && !overwrite) {
      throw new UsageException(target, "exists already", "choose another name or give --overwrite");
    }
    Path from = real(source);
    Path to = real(target);
    if (from.startsWith(to) || to.startsWith(from)) {
      throw new UsageException(
          target, "is or holds the source, or lies in it", "choose a directory beside it");
    }
  }

  private static Path real(Path path) {
    try {
      return Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
    } catch (IOException e) {
      throw new UsageException(path, "cannot be read: " + e, null, e);
    }
  }
}
