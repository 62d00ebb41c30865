package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a run keeps everything: {@code run.yaml} (resolved), {@code metrics.jsonl}, {@code
 * tensorboard/} and {@code checkpoints/step-000123/}.
 *
 * @param path the directory
 */
public record RunDirectory(Path path) {

  private static final Pattern CHECKPOINT = Pattern.compile("step-(\\d+)");

  /** Creates the directory for a new run. */
  static RunDirectory create(Path path, RunConfig config) {
    if (Files.exists(path)) {
      throw new UsageException(
          path, "exists already", "give --resume to go on with it, or another --out");
    }
    RunDirectory run = new RunDirectory(path);
    try {
      Files.createDirectories(run.checkpoints());
      Files.createDirectories(run.tensorBoard());
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be created: " + e, "check permissions", e);
    }
    config.write(run.config());
    return run;
  }

  /** Forgets the events of a run that was stopped before its first checkpoint. */
  void deleteLogs() {
    try {
      Files.deleteIfExists(metrics());
      StagedDirectory.deleteTree(tensorBoard());
      Files.createDirectories(tensorBoard());
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be cleared: " + e, "check permissions", e);
    }
  }

  /** Takes back a run that could not begin. */
  void delete() {
    try {
      StagedDirectory.deleteTree(path);
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be deleted: " + e, null, e);
    }
  }

  /** Opens the directory of a run to go on with. */
  static RunDirectory open(Path path) {
    RunDirectory run = new RunDirectory(path);
    if (!Files.exists(run.config())) {
      throw new UsageException(
          path, "holds no run: there is no " + RunConfig.FILE_NAME, "start one without --resume");
    }
    return run;
  }

  /**
   * Opens the directory that rank 0 has made or opened, on another rank.
   *
   * @throws UsageException if it is not there, or of another configuration
   */
  static RunDirectory joined(Path path, RunConfig config, int rank) {
    RunDirectory run = new RunDirectory(path);
    if (!Files.exists(run.config())) {
      throw new UsageException(
          path.toAbsolutePath(),
          "is the run directory, but rank " + rank + " finds no run there",
          "give all ranks one directory, on a file system that all of them see");
    }
    run.requireBegunWith(config, "start all ranks with the same run.yaml and options");
    return run;
  }

  /** What the run began with, or was gone on with last. */
  RunConfig readConfig() {
    return RunConfig.read(config(), List.of());
  }

  /**
   * @throws UsageException if the run is of another configuration
   */
  void requireBegunWith(RunConfig config, String remedy) {
    RunConfig before = readConfig();
    if (!before.equals(config)) {
      throw new UsageException(
          config(),
          "is not the configuration that was given:\n  "
              + String.join("\n  ", YamlSettings.differences(before, config)),
          remedy);
    }
  }

  /** The run that a checkpoint belongs to, if it lies in one. */
  static Optional<RunDirectory> of(Path checkpoint) {
    Path parent = checkpoint.getParent();
    return Optional.ofNullable(parent == null ? null : parent.getParent())
        .map(RunDirectory::new)
        .filter(run -> run.checkpoints().equals(parent) && Files.exists(run.config()));
  }

  /**
   * Keeps the run from being trained by two programs at once, of which one would delete what the
   * other reads.
   *
   * @throws UsageException if another trains it
   */
  ProcessLock lock() {
    return ProcessLock.tryAcquire(path.resolve("lock"))
        .orElseThrow(() ->
            new UsageException(
                path, "is being trained by another program", "wait for it, or end it first"));
  }

  Path config() {
    return path.resolve(RunConfig.FILE_NAME);
  }

  Path metrics() {
    return path.resolve(MetricsLog.FILE_NAME);
  }

  Path tensorBoard() {
    return path.resolve("tensorboard");
  }

  private Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** The checkpoint after so many steps. */
  public Path checkpoint(long step) {
    return checkpoints().resolve("step-%06d".formatted(step));
  }

  /** What a checkpoint becomes when the model grows at that step. */
  public Path grown(long step) {
    return checkpoints().resolve("step-%06d-grown".formatted(step));
  }

  /** The checkpoint with the most steps. */
  public Optional<Path> latestCheckpoint() {
    return latestStep().map(this::checkpoint);
  }

  /** How many steps that is. */
  Optional<Long> latestStep() {
    return Optional.ofNullable(all().lastEntry()).map(Map.Entry::getKey);
  }

  private TreeMap<Long, Path> all() {
    TreeMap<Long, Path> all = new TreeMap<>();
    try (Stream<Path> paths = Files.list(checkpoints())) {
      for (Path checkpoint : paths.toList()) {
        Matcher name = CHECKPOINT.matcher(checkpoint.getFileName().toString());
        if (name.matches()) {
          all.put(Long.parseLong(name.group(1)), checkpoint);
        }
      }
    } catch (IOException e) {
      throw new CheckpointException(checkpoints(), "cannot be read: " + e, null, e);
    }
    return all;
  }

  /**
   * Deletes all checkpoints but the newest, and what grew from those that go.
   *
   * @param alsoKept chooses those that stay too, of the steps of all checkpoints
   */
  void prune(int keep, UnaryOperator<List<Long>> alsoKept) {
    List<Long> steps = List.copyOf(all().keySet());
    List<Long> kept = alsoKept.apply(steps);
    List<Long> old = steps.subList(0, Math.max(0, steps.size() - keep));
    for (long step : old.stream().filter(step -> !kept.contains(step)).toList()) {
      try {
        StagedDirectory.deleteTree(checkpoint(step));
        StagedDirectory.deleteTree(grown(step));
      } catch (IOException e) {
        throw new CheckpointException(checkpoint(step), "cannot be deleted: " + e, null, e);
      }
    }
  }
}
