package io.cambium.training;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.RankGroups;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.data.Corpus;
import io.cambium.training.schedule.Schedule;

/** Whether a run's settings fit the model that was loaded, its state, the ranks and the corpus. */
record RunFit(
    RunConfig config,
    RankGroups groups,
    ModelInTraining model,
    TrainerState state,
    Schedule schedule) {

  /**
   * Refuses what does not fit.
   *
   * @throws UsageException naming the setting
   */
  void require(Corpus corpus) {
    if (groups.experts().size() != config.distributed().expertParallelSize()) {
      throw new UsageException(
          "distributed.expert_parallel_size",
          "is %d, but the experts are shared by %d"
              .formatted(config.distributed().expertParallelSize(), groups.experts().size()),
          "several processes train with cambium train alone (docs/distributed.md)");
    }
    config.batch().requireFits(model.maxPositions());
    corpus.tokenizer().requireFits(model.decoder().spec().vocabSize(), config.model());
    if (state.workers() != config.workers()) {
      throw new UsageException(
          "workers",
          "are " + config.workers() + ", but the checkpoint was computed with " + state.workers(),
          "rounding depends on their number: give workers: " + state.workers());
    }
    if ((long) config.workers() * groups.all().size() > config.batch().sequences()) {
      throw new UsageException(
          "workers",
          "are %d in each of %d ranks, and have only %d sequences to share"
              .formatted(config.workers(), groups.all().size(), config.batch().sequences()),
          "start fewer ranks, lower workers, or raise batch.sequences");
    }
    if (state.seed() != config.seed()) {
      throw new UsageException(
          "seed",
          "is " + config.seed() + ", but the checkpoint's data is in the order of " + state.seed(),
          "give seed: " + state.seed());
    }
    if (model.decoder().parameters().isEmpty()) {
      throw new UsageException(
          "groups.train",
          "names nothing that this model has: " + config.groups().train(),
          "name router, experts or another part of it");
    }
    requireBalanceFits();
    requireReleaseFits();
  }

  /** A frozen router keeps its selection bias too. */
  static double balanceRate(RunConfig config) {
    return config.groups().trains(Part.SELECTION_BIAS) ? config.balance().rate() : 0;
  }

  /** Loss-free balancing moves a bias that not every router has. */
  private void requireBalanceFits() {
    boolean routes = model.decoder().experts() > 0;
    if (routes && balanceRate(config) > 0 && model.decoder().selectionBiases().isEmpty()) {
      throw new UsageException(
          "balance.rate",
          "moves selection biases, which this model's routers have not",
          "give balance: {rate: 0, aux_loss: 0.01}");
    }
  }

  private void requireReleaseFits() {
    Release release = state.release();
    if (release == null) {
      return;
    }
    int decayStart = schedule.decayStart();
    if (release.end() > decayStart) {
      throw new UsageException(
          "release.window",
          "the release ends at step %d, after the learning rate decays from %d"
              .formatted(release.end(), decayStart),
          "lower it, or train for more steps");
    }
    for (GrowthConfig.Stage stage : config.growths()) {
      if (release.fromStep() < stage.step() && release.end() > stage.step()) {
        throw new UsageException(
            "growth.at",
            "is step %d, but the model's last growth is released by step %d"
                .formatted(stage.step(), release.end()),
            "grow later, or lower release.window");
      }
    }
  }
}
