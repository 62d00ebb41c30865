package io.cambium.lab.experiment;

import io.cambium.training.RunDirectory;
import io.cambium.training.config.RunConfig;
import java.nio.file.Files;
import java.nio.file.Path;
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

  boolean isSourceOnly() {
    return name.startsWith(SeedPlan.SOURCE_PREFIX);
  }
}
