package io.cambium.lab.experiment;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.RunDirectory;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.training.metrics.MetricsLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/**
 * A run that is trained once, whatever needs it.
 *
 * @param name of the arm; or, of a run that is the source of others only, {@code source-} and a
 *     hash of its settings
 * @param directory of the run
 * @param lastStep step at which it ends: that of its configuration, or less where nobody needs more
 * @param exports the checkpoints that others begin with, by the step after which they are copied
 */
public record PlannedRun(
    String name,
    long seed,
    Path directory,
    Start start,
    RunConfig config,
    int lastStep,
    SortedMap<Integer, Path> exports) {

  private static final String BEGIN_ANEW =
      "if the experiment's file was changed, change it back, or delete this run to train it anew; if"
          + " another version of Cambium began the experiment, or its directory was moved, resume it"
          + " with that version and where it was, or begin anew with another --out";

  /** What people call it. */
  public String title() {
    return name + ", seed " + seed;
  }

  /** Steps taken before it begins. */
  public int firstStep() {
    return config.branch() && start instanceof Start.Saved saved ? saved.step() : 0;
  }

  /** Steps that are its own. */
  public int steps() {
    return lastStep - firstStep();
  }

  /** Whether there is anything of it already. */
  public boolean isBegun() {
    return Files.exists(directory);
  }

  /** What it ends with. */
  Path lastCheckpoint() {
    return new RunDirectory(directory).checkpoint(lastStep);
  }

  /** Where the weights right after its growth stay, when the run keeps them no longer. */
  Path grownWeights() {
    return directory.resolve("grown");
  }

  /**
   * Looks at what there is of it already.
   *
   * @throws UsageException if it began with other settings, or another version wrote what this one
   *     cannot read
   */
  void requireResumable() {
    if (!hasBegun()) {
      return; // it begins anew
    }
    RunConfig before;
    try {
      before = begunWith();
      Path log = directory.resolve(MetricsLog.FILE_NAME);
      if (Files.exists(log)) {
        MetricsLog.forEach(log, event -> {});
      }
    } catch (CambiumException e) {
      throw new UsageException(
          directory,
          "cannot be read by this version: " + e.place() + ": " + e.what(),
          BEGIN_ANEW,
          e);
    }
    List<String> differences = YamlSettings.differences(before, config);
    if (!differences.isEmpty()) {
      throw new UsageException(
          directory,
          "began with other settings than the experiment has now:\n  "
              + String.join("\n  ", differences),
          BEGIN_ANEW);
    }
  }

  boolean hasBegun() {
    return Files.exists(directory.resolve(RunConfig.FILE_NAME));
  }

  /** What it began with, but for how processes shared it, which decides no results. */
  RunConfig begunWith() {
    return RunConfig.read(directory.resolve(RunConfig.FILE_NAME), List.of())
        .withDistributed(config.distributed());
  }

  boolean isSourceOnly() {
    return name.startsWith(SeedPlan.SOURCE_PREFIX);
  }
}
