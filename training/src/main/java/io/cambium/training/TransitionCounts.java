package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.training.config.BatchConfig;
import io.cambium.training.config.GrowthConfig;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.utility.CountRule;
import io.cambium.upcycle.utility.ExpertScores;
import io.cambium.upcycle.utility.Score;
import io.cambium.upcycle.utility.UtilityCounts;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** How many experts each becomes when a run grows. */
final class TransitionCounts {

  private final GrowthConfig growth;
  private final GrowthConfig.Stage stage;
  private final RunListener listener;

  TransitionCounts(GrowthConfig growth, GrowthConfig.Stage stage, RunListener listener) {
    this.growth = growth;
    this.stage = stage;
    this.listener = listener;
  }

  /** Counts to check a configuration with, before there are scores. */
  static Counts ahead(GrowthConfig growth, GrowthConfig.Stage stage, DecoderSpec model) {
    Optional<CountRule> rule = growth.countRule(stage);
    if (rule.isEmpty() || model.mixtureLayers().isEmpty()) {
      return new Counts.Uniform();
    }
    int experts = model.mixture(model.mixtureLayers().getFirst()).experts();
    return new Counts.ByUtility(UtilityCounts.ofEquals(rule.get(), model.mixtureLayers(), experts));
  }

  /**
   * The counts, scored under the decoder's present selection rule and on the data that comes next.
   *
   * @param checkpoint the same model as it was saved
   * @param batch of one training step, of which a score takes several
   */
  Counts of(
      ModelInTraining model,
      Path checkpoint,
      BatchSampler sampler,
      BatchConfig batch,
      long firstSequence) {
    Optional<CountRule> rule = growth.countRule(stage);
    if (rule.isEmpty()) {
      return new Counts.Uniform();
    }
    BatchConfig calibration =
        new BatchConfig(
            Math.multiplyExact(batch.sequences(), growth.scoreBatches()),
            batch.length(),
            batch.microBatch(),
            batch.separateDocuments(),
            batch.recompute());
    listener.message(
        "scoring experts by %s on %,d tokens".formatted(growth.score(), calibration.tokens()));
    ExpertScores scores =
        UtilityScorer.score(
                model.decoder(),
                new TrainingStep(sampler, calibration),
                firstSequence,
                Set.of(growth.score()),
                growth.score() == Score.FISHER ? SecondMoments.of(model.optimizer()) : null,
                routers(checkpoint),
                Progress.NONE)
            .scores();
    UtilityCounts utility = UtilityCounts.of(rule.get(), growth.score(), scores);
    say(utility, model.decoder().spec());
    return new Counts.ByUtility(utility);
  }

  private static String routers(Path checkpoint) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(checkpoint)) {
      return ExpertScores.routersOf(directory);
    }
  }

  private void say(UtilityCounts utility, DecoderSpec spec) {
    DecoderSpec.Mixture mixture = spec.mixture(spec.mixtureLayers().getFirst());
    listener.message("counts " + utility.describe(mixture.experts(), stage.experts()));
    utility
        .resolve(
            spec.mixtureLayers(),
            mixture.experts(),
            stage.experts(),
            mixture.router().groups().count())
        .forEach((layer, counts) ->
            listener.message("  layer " + layer + "  " + utility.reasons(layer, counts)));
  }
}
