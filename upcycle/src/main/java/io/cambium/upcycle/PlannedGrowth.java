package io.cambium.upcycle;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.VerificationException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A growth step that is planned and may be carried out. Holds its source open. */
public final class PlannedGrowth implements AutoCloseable {

  private final GrowthSource source;
  private final Directions directions;
  private final UpcyclePlan plan;
  private final boolean overwrite;
  private final ModelRunner runner;
  private final List<TokenIds> calibration;

  PlannedGrowth(
      GrowthSource source,
      Directions directions,
      UpcyclePlan plan,
      boolean overwrite,
      ModelRunner runner,
      List<TokenIds> calibration) {
    this.source = source;
    this.directions = directions;
    this.plan = plan;
    this.overwrite = overwrite;
    this.runner = runner;
    this.calibration = calibration;
  }

  public UpcyclePlan plan() {
    return plan;
  }

  /**
   * Writes, verifies, and gives the directory its name.
   *
   * @throws VerificationException if the result is not what was promised; it then stays under its
   *     staging name
   */
  public GrowthResult execute(Progress progress) {
    Path target = Path.of(plan.target());
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      Verification verification;
      try {
        verification = writeAndVerify(staged.path(), progress);
      } catch (VerificationException e) {
        staged.keep();
        throw e;
      }
      staged.commit();
      return new GrowthResult(plan.growth(), verification, plan.figures(), plan.warnings());
    }
  }

  private Verification writeAndVerify(Path directory, Progress progress) {
    Verifier verifier = new Verifier(plan, directory);
    try (Sources sources = new Sources(source, writeDirections(directory))) {
      Executor.execute(plan, sources, directory, progress);
      verifier.verifyStructure(sources, progress);
    }
    int vocabSize = source.weights().decoder().vocabSize();
    return verifier.verifyLogits(runner, calibration, vocabSize, progress);
  }

  private Optional<SafetensorsFile> writeDirections(Path directory) {
    if (directions.layers_ND().isEmpty()) {
      return Optional.empty();
    }
    Path file = Executor.createParent(directory.resolve(Directions.FILE));
    directions.write(file, source.weights().decoder().hiddenSize());
    return Optional.of(SafetensorsFile.open(file));
  }

  @Override
  public void close() {
    source.close();
  }
}
