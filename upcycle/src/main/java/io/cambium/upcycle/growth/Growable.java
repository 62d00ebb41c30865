package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Quantisation;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import java.nio.file.Path;

/** Whether a checkpoint is one whose experts can be replicated. */
final class Growable {

  private Growable() {}

  /**
   * What the layers that route have in common.
   *
   * @throws io.cambium.checkpoint.CambiumException if the model can never grow
   */
  static Mixture requireMixture(CheckpointDirectory weights) {
    requireRouting(weights);
    return weights.decoder().feedForwards().stream()
        .filter(Mixture.class::isInstance)
        .map(Mixture.class::cast)
        .reduce((first, other) -> requireEqual(first, other, weights.path()))
        .orElseThrow(
            () -> new UsageException(weights.path(), "has no layer that routes to experts", null));
  }

  private static Mixture requireEqual(Mixture first, Mixture other, Path path) {
    if (!first.equals(other)) {
      throw new CheckpointException(
          path, "has layers that route differently: " + first + " and " + other, null);
    }
    return first;
  }

  private static void requireRouting(CheckpointDirectory weights) {
    Manifest.Selection selection = weights.manifest().selection();
    if (selection != null && !selection.isRelease()) {
      throw new UsageException(
          weights.path(),
          "chooses experts by token id, which gives a new expert no tokens of a parent's",
          null);
    }
  }

  /**
   * Refuses a checkpoint that can grow only after some training.
   *
   * @throws io.cambium.checkpoint.CambiumException saying what is in the way
   */
  static void requireTrained(CheckpointDirectory weights) {
    Manifest.Selection selection = weights.manifest().selection();
    if (selection != null) {
      throw new UsageException(
          weights.path(),
          "is in the middle of the release of an earlier growth step (mode "
              + selection.mode()
              + ", see "
              + Manifest.FILE_NAME
              + ")",
          "train it to the end of that window, then grow it");
    }
  }

  /**
   * Refuses what would have to compute with weights that are stored in fewer bits: copies alone are
   * exact.
   *
   * @throws UsageException with the option that computes
   */
  static void requireCopiedIfQuantised(CheckpointDirectory weights, GrowthOptions options) {
    if (weights.quantisation() instanceof Quantisation.None) {
      return;
    }
    String method = weights.quantisation().method();
    if (!options.replicas().isCopy()) {
      throw GrowthOptions.invalid(
          "replicas",
          options.replicas().name() + " computes with experts, which are stored in " + method,
          "take replicas copy, or convert the model to bf16 first");
    }
    if (options.rows() == Rows.SPLIT) {
      throw GrowthOptions.invalid(
          "rows",
          "split needs the model to run, and its weights are stored in " + method,
          "take rows antithetic, or convert the model to bf16 first");
    }
  }
}
