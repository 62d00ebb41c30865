package io.cambium.lab.experiment;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.training.RunListener;
import io.cambium.training.RunStart;
import io.cambium.training.Trainer;
import io.cambium.training.config.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;

/** What it takes to let several runs go on from a checkpoint of one, whenever all of it stopped. */
public final class Branching {

  private Branching() {}

  /**
   * Begins a run, or goes on with what there is of it.
   *
   * @throws io.cambium.checkpoint.UsageException if it began with another configuration
   */
  public static Trainer open(Path run, RunConfig config, RunListener listener) {
    if (Files.exists(run.resolve(RunConfig.FILE_NAME))) {
      return RunStart.resume(run, config, listener);
    }
    try {
      StagedDirectory.deleteTree(run); // it was stopped before it could say what it is
    } catch (IOException e) {
      throw new CheckpointException(run, "cannot be cleared: " + e, "check permissions", e);
    }
    return RunStart.anew(config, run, listener);
  }

  /**
   * Copies a checkpoint, unless that was done before.
   *
   * @param withTraining with what only training needs
   */
  public static void copy(Path from, Path to, boolean withTraining) {
    if (Files.exists(to)) {
      return;
    }
    try (StagedDirectory staged = StagedDirectory.create(to, false);
        Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        Path relative = from.relativize(path);
        if (withTraining || !relative.startsWith("training")) {
          Path copy = staged.path().resolve(relative);
          Files.createDirectories(Objects.requireNonNull(copy.getParent()));
          Files.copy(path, copy);
        }
      }
      staged.commit();
    } catch (IOException e) {
      throw new CheckpointException(to, "cannot be written: " + e, "check free space", e);
    }
  }
}
