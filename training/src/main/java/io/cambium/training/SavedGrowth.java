package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.model.Torch;
import io.cambium.model.TorchRunner;
import io.cambium.training.config.GrowthConfig;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.List;

/** The growth of a saved model, from the disk to the disk, by one process for all ranks. */
record SavedGrowth(GrowthConfig growth, GrowthConfig.Stage stage, RunListener listener) {

  /**
   * Grows.
   *
   * @param checkpoint of this step
   * @param grown the directory to write
   * @param calibration what comes next in the data
   */
  void grow(Path checkpoint, Path grown, Counts counts, List<TokenIds> calibration) {
    UpcycleResult result = upcycle(checkpoint, grown, counts, calibration);
    result.plan().warnings().forEach(listener::message);
    listener.message(result.verification().describe());
    Torch.collect();
  }

  /** A run that is resumed grows anew, so that what a failure leaves is of no use. */
  private UpcycleResult upcycle(
      Path checkpoint, Path grown, Counts counts, List<TokenIds> calibration) {
    try {
      return Upcycler.grow(
          checkpoint,
          grown,
          growth.options(stage, counts),
          new TorchRunner(),
          calibration,
          Progress.NONE);
    } catch (CheckpointException e) {
      StagedDirectory.discard(grown);
      throw e;
    }
  }
}
