package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.UpcyclePlan;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.List;

/** A conversion that is planned and may be carried out. Holds its sources open. */
public final class PlannedUpcycle implements AutoCloseable {

  private final List<SourceCheckpoint> checkpoints;
  private final Directions directions;
  private final UpcyclePlan plan;
  private final boolean overwrite;
  private final ModelRunner runner;
  private final List<TokenIds> comparison;

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
    return CopyDistances.of(plan, sources())
        .map(distances -> plan.withManifest(plan.manifest().withRealised(distances.firstLayer())))
        .orElse(plan);
  }

  /**
   * Writes, verifies, and gives the directory its name.
   *
   * @throws VerificationException if the result is not what was promised; it then stays under its
   *     staging name
   */
  public UpcycleResult execute(Progress progress) {
    Path target = Path.of(plan.target());
    checkpoints.forEach(checkpoint -> checkpoint.origin().fetch());
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      UpcycleResult result;
      try {
        result = writeAndVerify(staged.path(), progress);
      } catch (VerificationException e) {
        staged.keep();
        throw e;
      }
      staged.commit();
      return result;
    }
  }

  private UpcycleResult writeAndVerify(Path directory, Progress progress) {
    Verifier verifier = new Verifier(plan, directory);
    writeDirections(directory);
    Sources sources = sources();
    Manifest manifest = Executor.execute(plan, sources, directory, progress);
    verifier.verifyStructure(sources, progress);
    checkpoints.forEach(checkpoint -> checkpoint.origin().complete());
    int vocabSize = checkpoints.getFirst().decoder().vocabSize();
    Verification verification = verifier.verifyLogits(runner, comparison, vocabSize, progress);
    return new UpcycleResult(plan, manifest, verification);
  }

  private Sources sources() {
    return new Sources(checkpoints, directions);
  }

  private void writeDirections(Path directory) {
    if (!directions.tensors().isEmpty()) {
      directions.write(Executor.createParent(directory.resolve(Directions.FILE)));
    }
  }

  @Override
  public void close() {
    checkpoints.forEach(SourceCheckpoint::close);
  }
}
