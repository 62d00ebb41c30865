package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A conversion that is planned and may be carried out. Holds its sources open. */
public final class PlannedUpcycle implements AutoCloseable {

  private final List<SourceCheckpoint> checkpoints;
  private final Directions directions;
  private final UpcyclePlan plan;
  private final boolean overwrite;
  private final ModelRunner runner;
  private final List<TokenIds> comparison;
  private volatile @Nullable Executor running;
  private volatile @Nullable Path unfinished;

  PlannedUpcycle(
      List<SourceCheckpoint> checkpoints,
      Directions directions,
      UpcyclePlan plan,
      boolean overwrite,
      ModelRunner runner,
      List<TokenIds> comparison) {
    this.checkpoints = List.copyOf(checkpoints);
    this.directions = directions;
    this.plan = plan;
    this.overwrite = overwrite;
    this.runner = runner;
    this.comparison = List.copyOf(comparison);
  }

  public UpcyclePlan plan() {
    return plan;
  }

  /**
   * The plan with distances between copies of blocks or experts, as far as one layer shows them:
   * the first that routes is computed, and nothing is written.
   */
  public UpcyclePlan measured() {
    return CopyDistances.of(plan)
        .map(distances ->
            plan.withManifest(plan.manifest().withRealised(distances.firstLayer(sources()))))
        .orElse(plan);
  }

  /** The same with {@link Execution#DEFAULT}. */
  public UpcycleResult execute(Progress progress) {
    return execute(Execution.DEFAULT, progress);
  }

  /**
   * Writes, verifies, and gives the directory its name.
   *
   * @throws VerificationException if the result is not what was promised; it then stays under its
   *     staging name
   * @throws CheckpointException if a disk refuses; {@link #unfinished} then says whether there is
   *     something to go on with
   * @throws UsageException if what an interrupted conversion left is in the way, or another process
   *     writes there
   */
  public UpcycleResult execute(Execution execution, Progress progress) {
    checkpoints.forEach(checkpoint -> checkpoint.origin().fetch());
    Fingerprint fingerprint = Fingerprint.of(plan, directions, checkpoints);
    try (StagedDirectory staged = StagedDirectory.resume(Path.of(plan.target()), overwrite)) {
      staged.keep();
      try (Journal journal = Journal.open(staged.path())) {
        begin(staged, journal, fingerprint, execution.unfinished());
        UpcycleResult result = writeAndVerify(staged, journal, execution, progress);
        journal.prepareRename();
        staged.commit();
        unfinished = null;
        journal.delete(staged.path());
        return result;
      }
    }
  }

  /** The journal's lock is held before anything is deleted: it may be another process's work. */
  private void begin(
      StagedDirectory staged,
      Journal journal,
      Fingerprint fingerprint,
      Execution.Unfinished earlier) {
    if (earlier == Execution.Unfinished.REFUSE && journal.isBegun()) {
      throw new UsageException(
          staged.path(),
          "holds an unfinished conversion",
          "go on with it by --resume, or begin anew by --overwrite");
    }
    if (earlier == Execution.Unfinished.REPLACE) {
      journal.erase();
    } else if (!journal.isBegun() && staged.holdsMoreThan(Journal.FILE)) {
      // Its file is there since it was opened, and belongs to nobody.
      journal.delete(staged.path());
      throw new UsageException(
          staged.path(),
          "is where the result is written meanwhile, and holds files that are no unfinished"
              + " conversion, such as what failed its verification",
          "look what they are, then remove the directory, or begin anew by --overwrite");
    }
    if (!journal.isBegun()) {
      staged.clear(Journal.FILE);
    }
    journal.begin(fingerprint);
    unfinished = staged.path();
  }

  private UpcycleResult writeAndVerify(
      StagedDirectory staged, Journal journal, Execution execution, Progress progress) {
    Path directory = staged.path();
    writeDirections(directory);
    plan.copiedFiles()
        .forEach(file -> SideFile.copy(checkpoints.getFirst().path(), directory, file));
    Verifier verifier = new Verifier(plan, directory);
    try {
      Written written = write(staged, journal, verifier, execution, progress);
      CheckpointWriter.writeManifest(directory, written.manifest);
      Verification verification = verify(verifier, written.writing, execution.check(), progress);
      return new UpcycleResult(plan, written.manifest, written.writing, verification);
    } catch (VerificationException e) {
      // There is nothing to go on with.
      unfinished = null;
      journal.delete(directory);
      throw e;
    }
  }

  private record Written(Manifest manifest, Writing writing) {}

  /** Writes, and reads back what was written. */
  private Written write(
      StagedDirectory staged,
      Journal journal,
      Verifier verifier,
      Execution execution,
      Progress progress) {
    boolean readBack = execution.check() != Execution.Check.NONE;
    Sources sources = sources();
    try (Outputs outputs = Outputs.open(plan, staged.path(), checkpoints.getFirst().optimizer())) {
      staged.syncNames();
      Executor executor = new Executor(plan, sources, outputs, journal, progress);
      Writing writing = write(executor, execution.threads(), !readBack);
      outputs.finish();
      checkpoints.forEach(checkpoint -> checkpoint.origin().complete());
      Manifest manifest = executor.manifest();
      return new Written(
          readBack
              ? manifest.withChecksums(
                  verifier.verifyBytes(
                      sources,
                      executor.units(),
                      journal.done().values(),
                      execution.threads(),
                      progress))
              : manifest,
          writing);
    } catch (InternalError e) {
      // How the Java machine reports that a mapped file is no longer as long as it was.
      throw new CheckpointException(
          String.join(", ", plan.sources()), "can no longer be read", "bring it back as it was", e);
    }
  }

  /** Meanwhile it can be interrupted. */
  private Writing write(Executor executor, int threads, boolean compare) {
    running = executor;
    try {
      return executor.execute(threads, compare);
    } finally {
      running = null;
    }
  }

  private Verification verify(
      Verifier verifier, Writing writing, Execution.Check check, Progress progress) {
    int vocabSize = checkpoints.getFirst().decoder().vocabSize();
    return switch (check) {
      case NONE -> Verification.without(Verification.Word.NOT_VERIFIED, "nothing was asked for");
      case BYTES ->
          Verification.without(
              Verification.Word.STRUCTURE_VERIFIED,
              writing.direct()
                  ? "every byte is on the disk as it was written"
                  : "every byte reads back as it was written, if from the system's cache");
      case LOGITS -> verifier.verifyLogits(runner, comparison, vocabSize, progress);
    };
  }

  /**
   * Makes sure of what has been written, for a process that is about to be ended. From any thread.
   */
  public void interrupted() {
    Executor executor = running;
    if (executor != null) {
      try {
        executor.flush();
      } catch (CheckpointException _) {
        // What was flushed before can be gone on with; whoever writes meets the same disk, and says
        // what is wrong with it.
      }
    }
  }

  /** What can be gone on with by {@link Execution.Unfinished#RESUME}. From any thread. */
  public Optional<Path> unfinished() {
    return Optional.ofNullable(unfinished);
  }

  private Sources sources() {
    return new Sources(checkpoints, directions);
  }

  private void writeDirections(Path directory) {
    if (directions.tensors().isEmpty()) {
      return;
    }
    Path file = SideFile.in(directory, Directions.FILE);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
    directions.write(file);
  }

  @Override
  public void close() {
    checkpoints.forEach(SourceCheckpoint::close);
  }
}
