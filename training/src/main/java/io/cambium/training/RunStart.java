package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.Team;
import io.cambium.training.config.DistributedConfig;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.data.Corpus;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthPlanner;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a run begins, or goes on: rank 0 takes the run's directory, tells the others from which
 * checkpoint, and all of them begin, or none does.
 */
public final class RunStart {

  /** What a checkpoint's number of steps is where there is none. */
  private static final long NO_CHECKPOINT = -1;

  private RunStart() {}

  /** Begins a run of this process alone. */
  public static Trainer anew(RunConfig config, Path directory, RunListener listener) {
    return anew(config, directory, listener, RankGroups.ALONE);
  }

  /**
   * Begins a run.
   *
   * @param directory of the run, which must not exist; all ranks must see it
   * @param listener of rank 0, which writes and speaks for all
   * @throws UsageException if it does, or the configuration does not fit the model
   * @throws CheckpointException if model or corpus are broken
   */
  public static Trainer anew(
      RunConfig config, Path directory, RunListener listener, RankGroups groups) {
    requireGrowthAhead(config);
    if (!groups.all().isFirst()) {
      return follow(config, directory, groups);
    }
    RunDirectory run = RunDirectory.create(directory, config);
    ProcessLock lock = run.lock();
    try {
      return lead(config, run, lock, Optional.empty(), listener, groups);
    } catch (RuntimeException | Error e) {
      lock.close();
      run.delete();
      throw e;
    }
  }

  /**
   * Tells the other ranks where to begin, and begins with them.
   *
   * @param checkpoint to go on from; empty to begin with the model
   */
  private static Trainer lead(
      RunConfig config,
      RunDirectory run,
      ProcessLock lock,
      Optional<Long> checkpoint,
      RunListener listener,
      RankGroups groups) {
    ProcessGroup ranks = groups.all();
    ranks.ofFirst(checkpoint.orElse(NO_CHECKPOINT));
    ranks.await(); // The others have read run.yaml, which may be deleted if this fails.
    Trainer trainer =
        trainer(
            config,
            run,
            lock,
            checkpoint.map(run::checkpoint).orElse(config.model()),
            checkpoint.isPresent(),
            listener,
            groups);
    return allBegun(trainer, checkpoint.isPresent(), ranks);
  }

  /** Begins where rank 0 does. */
  private static Trainer follow(RunConfig config, Path directory, RankGroups groups) {
    ProcessGroup ranks = groups.all();
    long step = (long) ranks.ofFirst(0);
    RunDirectory run = RunDirectory.joined(directory, config, ranks.rank());
    ranks.await();
    boolean goesOn = step != NO_CHECKPOINT;
    Path start = goesOn ? run.checkpoint(step) : config.model();
    Trainer trainer = trainer(config, run, null, start, goesOn, RunListener.NONE, groups);
    return allBegun(trainer, goesOn, ranks);
  }

  /** With what is closed again where it cannot begin. */
  private static Trainer trainer(
      RunConfig config,
      RunDirectory run,
      @Nullable ProcessLock lock,
      Path start,
      boolean goesOn,
      RunListener listener,
      RankGroups groups) {
    Corpus corpus = Corpus.open(config.corpora());
    try {
      Team team = new Team(config.workers());
      try {
        return new Trainer(config, run, lock, start, goesOn, listener, groups, corpus, team);
      } catch (RuntimeException | Error e) {
        team.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      corpus.close();
      throw e;
    }
  }

  /** Where one rank cannot begin, none does. */
  private static Trainer allBegun(Trainer trainer, boolean goesOn, ProcessGroup ranks) {
    try {
      trainer.begin(goesOn);
      ranks.await();
      return trainer;
    } catch (RuntimeException | Error e) {
      try {
        trainer.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /** A growth that could never happen is an error, not a run that fails when it is due. */
  private static void requireGrowthAhead(RunConfig config) {
    GrowthConfig growth = config.growth();
    if (growth == null) {
      return;
    }
    long first = config.branch() ? TrainerState.read(config.model()).step() : 0;
    int step = config.growths().getFirst().step();
    if (first > step) {
      throw new UsageException(
          "growth.at",
          "is step %d, but the run begins at step %d".formatted(step, first),
          "grow later, and leave out growths that the model has behind it");
    }
    try (CheckpointDirectory model = CheckpointDirectory.open(config.model())) {
      DecoderSpec before = model.decoder();
      for (GrowthConfig.Stage stage : config.growths()) {
        GrowthOptions options =
            growth.options(stage, TransitionCounts.ahead(growth, stage, before));
        GrowthPlanner.requireFits(model, before, options);
        before = GrowthPlanner.grown(model, options);
      }
    }
  }

  /** Goes on with a run in this process alone. */
  public static Trainer resume(Path directory, RunConfig config, RunListener listener) {
    return resume(directory, config, listener, RankGroups.ALONE);
  }

  /**
   * Goes on with a run from its last checkpoint, or from its beginning where there is none yet. The
   * number of ranks may be another than before, and so may be how they share the experts.
   *
   * @param config what the run began with, but for {@link RunConfig#distributed()}
   * @param listener of rank 0
   * @throws UsageException if the directory holds no run, or one that began with another
   *     configuration, or one that another program trains
   */
  public static Trainer resume(
      Path directory, RunConfig config, RunListener listener, RankGroups groups) {
    if (!groups.all().isFirst()) {
      return follow(config, directory, groups);
    }
    RunDirectory run = RunDirectory.open(directory);
    DistributedConfig before = run.readConfig().distributed();
    run.requireBegunWith(
        config.withDistributed(before),
        "resume with the settings the run began with, or start another with its checkpoint as"
            + " the model");
    ProcessLock lock = run.lock();
    boolean differs = !config.distributed().equals(before);
    try {
      if (differs) {
        int sharing = config.distributed().expertParallelSize();
        if (sharing != before.expertParallelSize()) {
          listener.message(
              "expert_parallel_size: %d before, now %d; sums are rounded in another order"
                  .formatted(before.expertParallelSize(), sharing));
        }
        config.write(run.config());
      }
      Optional<Long> latest = run.latestStep();
      listener.message(
          "resuming from " + latest.map(step -> "" + run.checkpoint(step)).orElse("the beginning"));
      if (latest.isEmpty()) {
        run.deleteLogs();
      }
      return lead(config, run, lock, latest, listener, groups);
    } catch (RuntimeException | Error e) {
      try (lock) {
        if (differs) {
          config.withDistributed(before).write(run.config());
        }
      }
      throw e;
    }
  }
}
