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
  private volatile boolean unfinished;

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
   * @throws CheckpointException if a disk refuses; what was written then stays there, to be gone on
   *     with
   * @throws UsageException if what an interrupted conversion left is in the way
   */
  public UpcycleResult execute(Execution execution, Progress progress) {
    checkpoints.forEach(checkpoint -> checkpoint.origin().fetch());
    try (StagedDirectory staged = stage(execution.unfinished())) {
      staged.keep();
      unfinished = true;
      UpcycleResult result = writeAndVerify(staged.path(), execution, progress);
      staged.commit();
      unfinished = false;
      return result;
    } catch (CheckpointException e) {
      throw new CheckpointException(null, String.valueOf(e.getMessage()), "then " + goingOn(), e);
    }
  }

  private StagedDirectory stage(Execution.Unfinished unfinished) {
    Path target = Path.of(plan.target());
    StagedDirectory staged = StagedDirectory.resume(target, overwrite);
    boolean begun = Files.exists(staged.path().resolve(Journal.FILE));
    return switch (unfinished) {
      case RESUME -> begun ? staged : StagedDirectory.create(target, overwrite);
      case REPLACE -> StagedDirectory.create(target, overwrite);
      case REFUSE -> {
        if (begun) {
          throw new UsageException(
              staged.path(),
              "holds an unfinished conversion",
              "go on with it by --resume, or begin anew by --overwrite");
        }
        yield StagedDirectory.create(target, overwrite);
      }
    };
  }

  private String goingOn() {
    return "the same command with --resume goes on; what was written is in "
        + plan.target()
        + ".partial";
  }

  private UpcycleResult writeAndVerify(Path directory, Execution execution, Progress progress) {
    Fingerprint fingerprint = Fingerprint.of(plan, directions, checkpoints);
    try (Journal journal = Journal.open(directory, fingerprint)) {
      writeDirections(directory);
      plan.copiedFiles()
          .forEach(file -> SideFile.copy(checkpoints.getFirst().path(), directory, file));
      try {
        UpcycleResult result = writeAndVerify(directory, journal, execution, progress);
        journal.delete();
        return result;
      } catch (VerificationException e) {
        // There is nothing to go on with.
        journal.delete();
        throw e;
      }
    }
  }

  private UpcycleResult writeAndVerify(
      Path directory, Journal journal, Execution execution, Progress progress) {
    Sources sources = sources();
    Verifier verifier = new Verifier(plan, directory);
    Manifest manifest;
    Writing writing;
    try (Outputs outputs = Outputs.open(plan, directory, checkpoints.getFirst().optimizer())) {
      Executor executor = new Executor(plan, sources, outputs, journal, progress);
      running = executor;
      writing = executor.execute(execution.threads());
      running = null;
      checkpoints.forEach(checkpoint -> checkpoint.origin().complete());
      manifest = executor.manifest();
      if (execution.check() != Execution.Check.NONE) {
        manifest =
            manifest.withChecksums(
                verifier.verifyBytes(
                    sources,
                    executor.units(),
                    journal.done().values(),
                    execution.threads(),
                    progress));
      }
    }
    CheckpointWriter.writeManifest(directory, manifest);
    Verification verification = verify(verifier, execution.check(), progress);
    return new UpcycleResult(plan, manifest, writing, verification);
  }

  private Verification verify(Verifier verifier, Execution.Check check, Progress progress) {
    int vocabSize = checkpoints.getFirst().decoder().vocabSize();
    return switch (check) {
      case NONE -> Verification.without(Verification.Word.NOT_VERIFIED, "nothing was asked for");
      case BYTES ->
          Verification.without(
              Verification.Word.STRUCTURE_VERIFIED, "every byte is on the disk as it was written");
      case LOGITS -> verifier.verifyLogits(runner, comparison, vocabSize, progress);
    };
  }

  /**
   * Makes sure of what has been written, for a process that is about to be ended. From any thread.
   *
   * @return how to go on, where something is being written
   */
  public Optional<String> interrupted() {
    Executor executor = running;
    if (executor != null) {
      executor.flush();
    }
    return unfinished ? Optional.of(goingOn()) : Optional.empty();
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
