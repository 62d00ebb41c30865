package io.cambium.training;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.Part;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.RouterLosses;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.model.TorchRunner;
import io.cambium.training.config.DistributedConfig;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.ScheduleConfig.Restart;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenizerFiles;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import io.cambium.training.schedule.Schedule;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthPlanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains a checkpoint on a corpus: step, balance, log, evaluate, save, and grow when it is time. A
 * run that is stopped, killed or out of power goes on from its last checkpoint and ends with the
 * same bytes. Several processes may train one run, each its part of every batch; rank 0 alone
 * writes and speaks.
 */
public final class Trainer implements AutoCloseable {

  /** What a checkpoint's number of steps is where there is none. */
  private static final long NO_CHECKPOINT = -1;

  private final RunConfig config;
  private final RunDirectory run;
  private final @Nullable ProcessLock lock;
  private final RunListener listener;
  private final RankGroups groups;
  private final ProcessGroup ranks;
  private final Corpus corpus;
  private final Team team;
  private final BatchSampler sampler;
  private final TrainingStep trainingStep;
  private final Balancer balancer;
  private final Evaluations evaluations;
  private final RunLog log;
  private Schedule schedule;
  private ModelInTraining model;
  private TrainerState state;
  private volatile boolean stopRequested;

  private Trainer(
      RunConfig config,
      RunDirectory run,
      @Nullable ProcessLock lock,
      Path start,
      boolean goesOn,
      RunListener listener,
      RankGroups groups) {
    this.config = config;
    this.run = run;
    this.lock = lock;
    this.listener = listener;
    this.groups = groups;
    this.ranks = groups.all();
    this.corpus = Corpus.open(config.corpora());
    this.team = new Team(config.workers());
    this.sampler = new BatchSampler(corpus, config.batch().length(), config.seed(), config.mix());
    this.trainingStep = new TrainingStep(sampler, config.batch());
    this.balancer = new Balancer(balanceRate(config));
    this.state = withRanks(goesOn ? TrainerState.read(start) : firstState(start));
    this.schedule = schedule();
    this.model = load(start, goesOn || config.branch());
    this.evaluations =
        new Evaluations(corpus, config, run.metrics(), state.step(), ranks.isFirst());
    this.log = ranks.isFirst() ? writtenLog(goesOn) : RunLog.SILENT;
    if (!goesOn) {
      beginRelease();
    }
    requireFit();
    if (goesOn) {
      log.remind();
    } else {
      warnOfMissingNoise();
    }
  }

  private WrittenLog writtenLog(boolean goesOn) {
    List<Integer> layers = model.decoder().spec().mixtureLayers();
    return new WrittenLog(config, run, state.step(), goesOn, layers, listener);
  }

  /** Begins a run of this process alone. */
  public static Trainer start(RunConfig config, Path directory, RunListener listener) {
    return start(config, directory, listener, RankGroups.ALONE);
  }

  /**
   * Begins a run.
   *
   * @param directory of the run, which must not exist; all ranks must see it
   * @param listener of rank 0, which writes and speaks for all
   * @throws UsageException if it does, or the configuration does not fit the model
   * @throws CheckpointException if model or corpus are broken
   */
  public static Trainer start(
      RunConfig config, Path directory, RunListener listener, RankGroups groups) {
    requireGrowthAhead(config);
    if (!groups.all().isFirst()) {
      return follow(config, directory, groups);
    }
    RunDirectory run = RunDirectory.create(directory, config);
    ProcessLock lock = run.lock();
    try {
      return lead(config, run, lock, Optional.empty(), listener, groups);
    } catch (RuntimeException e) {
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
        new Trainer(
            config,
            run,
            lock,
            checkpoint.map(run::checkpoint).orElse(config.model()),
            checkpoint.isPresent(),
            listener,
            groups);
    return allBegun(trainer, ranks);
  }

  /** Begins where rank 0 does. */
  private static Trainer follow(RunConfig config, Path directory, RankGroups groups) {
    ProcessGroup ranks = groups.all();
    long step = (long) ranks.ofFirst(0);
    RunDirectory run = RunDirectory.joined(directory, config, ranks.rank());
    ranks.await();
    boolean goesOn = step != NO_CHECKPOINT;
    Path start = goesOn ? run.checkpoint(step) : config.model();
    Trainer trainer = new Trainer(config, run, null, start, goesOn, RunListener.NONE, groups);
    return allBegun(trainer, ranks);
  }

  /** Where one rank cannot begin, none does. */
  private static Trainer allBegun(Trainer trainer, ProcessGroup ranks) {
    try {
      ranks.await();
      return trainer;
    } catch (RuntimeException e) {
      trainer.close();
      throw e;
    }
  }

  /** A growth that could never happen is an error, not a run that fails when it is due. */
  private static void requireGrowthAhead(RunConfig config) {
    GrowthConfig growth = config.growth();
    if (growth == null) {
      return;
    }
    try (CheckpointDirectory model = CheckpointDirectory.open(config.model())) {
      GrowthPlanner.requireFits(
          model, growth.options(TransitionCounts.ahead(growth, model.decoder())));
    }
    long first = config.branch() ? TrainerState.read(config.model()).step() : 0;
    int step = growth.step(config.steps());
    if (first > step) {
      throw new UsageException(
          "growth.at",
          "is step %d, but the run begins at step %d".formatted(step, first),
          "grow later");
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
    try {
      if (!config.distributed().equals(before)) {
        listener.message(
            "expert_parallel_size: %d before, now %d; sums are rounded in another order"
                .formatted(before.expertParallelSize(), config.distributed().expertParallelSize()));
        config.write(run.config());
      }
      Optional<Long> latest = run.latestStep();
      listener.message(
          "resuming from " + latest.map(step -> "" + run.checkpoint(step)).orElse("the beginning"));
      if (latest.isEmpty()) {
        run.deleteLogs();
      }
      return lead(config, run, lock, latest, listener, groups);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** For as many ranks as there are, which may be others than the checkpoint's. */
  private TrainerState withRanks(TrainerState before) {
    if (before.ranksOrOne() != ranks.size() && before.step() > 0) {
      listener.message(
          "ranks: %d before, now %d; sums are rounded in another order"
              .formatted(before.ranksOrOne(), ranks.size()));
    }
    return before.withRanks(ranks.size());
  }

  /** Step 0, or where the checkpoint of another run stands. */
  private TrainerState firstState(Path start) {
    return config.branch()
        ? afterTransition(TrainerState.read(start))
        : TrainerState.start(config.seed(), config.workers());
  }

  /** With a schedule that goes on or begins anew, as asked for. */
  private TrainerState afterTransition(TrainerState before) {
    return config.schedule().restart() == Restart.CONTINUE ? before : before.withScheduleAnew();
  }

  private Schedule schedule() {
    Integer from = state.scheduleFrom();
    return Schedule.of(
        config.schedule(),
        config.optimizer().learningRate(),
        config.steps(),
        from == null ? 0 : from);
  }

  /** Begins the release that the model's manifest asks for, unless one is under way. */
  private void beginRelease() {
    if (state.release() == null) {
      state = state.withRelease(release());
    }
  }

  /** A release over a share of the steps that remain; null where nothing is to be released. */
  private @Nullable Release release() {
    int remaining = Math.toIntExact(config.steps() - state.step());
    return Release.of(
        model.manifest(),
        state.step(),
        config.release().windowSteps(remaining),
        config.release().holdSteps(remaining));
  }

  private void warnOfMissingNoise() {
    if (!model.missingNoise().isEmpty()) {
      listener.message(
          model.missingNoise().entrySet().stream()
              .map(noise -> "\"" + noise.getKey() + "\": " + noise.getValue())
              .collect(
                  Collectors.joining(
                      ", ",
                      "warning: the model's config.json has ",
                      ", which Cambium does not compute: it trains without")));
    }
  }

  private void requireFit() {
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
    if ((long) config.workers() * ranks.size() > config.batch().sequences()) {
      throw new UsageException(
          "workers",
          "are %d in each of %d ranks, and have only %d sequences to share"
              .formatted(config.workers(), ranks.size(), config.batch().sequences()),
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
  private static double balanceRate(RunConfig config) {
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
    GrowthConfig growth = config.growth();
    int growthStep = growth == null ? Integer.MAX_VALUE : growth.step(config.steps());
    if (release.fromStep() < growthStep && release.end() > growthStep) {
      throw new UsageException(
          "growth.at",
          "is step %d, but the model's last growth is released by step %d"
              .formatted(growthStep, release.end()),
          "grow later, or lower release.window");
    }
  }

  private ModelInTraining load(Path checkpoint, boolean withMoments) {
    ModelInTraining loaded =
        ModelInTraining.load(
            checkpoint,
            team,
            AdamW.Settings.of(config.optimizer(), config.groups()),
            withMoments,
            groups);
    RankAgreement.require(loaded.decoder(), corpus);
    loaded.decoder().lose(routerLosses(loaded.manifest(), 1));
    if (config.batch().separateDocuments()) {
      loaded.decoder().separateDocuments(corpus.tokenizer().requireEndOfText());
    }
    if (config.batch().recompute()) {
      loaded.decoder().recompute();
    }
    if (groups.shareExperts()) {
      sayWhatIsHeld(loaded);
    }
    return loaded;
  }

  private void sayWhatIsHeld(ModelInTraining loaded) {
    ProcessGroup sharing = groups.experts();
    DoubleSummaryStatistics all =
        Arrays.stream(sharing.ofEach(loaded.heldParameters())).summaryStatistics();
    listener.message(
        "%d ranks share the experts: each holds, and has read, %,.0f to %,.0f of %,d parameters"
            .formatted(sharing.size(), all.getMin(), all.getMax(), loaded.parameters()));
  }

  private RouterLosses routerLosses(Manifest manifest, int step) {
    int grownFrom = manifest.growth().stream().mapToInt(g -> g.sourceExperts()).min().orElse(1);
    int grownTo = manifest.growth().stream().mapToInt(g -> g.targetExperts()).max().orElse(1);
    return new RouterLosses(
        config.balance().auxLoss() * schedule.auxLossFactor(step),
        config.balance().auxForm(),
        config.balance().zLoss() * schedule.zLossFactor(step),
        Math.log((double) grownTo / grownFrom));
  }

  /** Asks the run, on all ranks, to save and stop after the step it is in. From any thread. */
  public void requestStop() {
    stopRequested = true;
  }

  /** Trains until the configured number of steps, or until asked to stop. Saves at the end. */
  public void run() {
    runUntil(config.steps());
  }

  /**
   * Trains until so many steps are taken, or until asked to stop. Saves at the end.
   *
   * @throws TrainingException if the loss is no longer finite, and the last checkpoint stays; or by
   *     an alarm that is to stop the run, after it is saved
   */
  public void runUntil(int lastStep) {
    if (state.step() == 0 && model.manifest().sparse() != null) {
      evaluate(); // what experts made of a dense model start from
    }
    boolean stop = ranks.any(stopRequested);
    while (state.step() < lastStep && !stop) {
      growIfDue();
      step();
      if (state.step() % config.evaluate().every() == 0 || state.step() == config.steps()) {
        evaluate();
      }
      stop = ranks.any(stopRequested || log.stoppedBy() != null);
      stopIfAlarmed();
      if (state.step() % config.checkpoint().every() == 0) {
        save();
      }
    }
    save();
    ranks.await(); // What rank 0 cannot write is the failure of all.
  }

  private void stopIfAlarmed() {
    Metric.Alarm stoppedBy = log.stoppedBy();
    if (stoppedBy != null) {
      save();
      throw new TrainingException(
          "step " + stoppedBy.step(),
          "stopped by the alarm " + stoppedBy.alarm() + ": " + stoppedBy.message(),
          stoppedBy.remedy() + "; --resume goes on from " + checkpoint() + " all the same");
    }
  }

  /** Steps taken. */
  public long steps() {
    return state.step();
  }

  /** The checkpoint of the present step, once saved. */
  public Path checkpoint() {
    return run.checkpoint(state.step());
  }

  private void step() {
    long start = System.nanoTime();
    int number = Math.toIntExact(state.step() + 1);
    double learningRate = schedule.learningRate(number);
    model.decoder().select(model.rule(state.release(), state.step()));
    model.decoder().lose(routerLosses(model.manifest(), number));
    TrainingStep.Result result =
        trainingStep.run(
            model.decoder(), model.optimizer(), state.sequences(), number, learningRate);
    if (!result.finite()) {
      throw diverged(number, result);
    }
    balancer.update(model.decoder().selectionBiases(), result.loads(), activeExperts());
    double seconds = (System.nanoTime() - start) / 1e9;
    state = state.after(config.batch().sequences(), config.batch().tokens(), seconds);
    log.add(trainMetric(result, learningRate, seconds));
    forgetFinishedRelease();
  }

  /** By routing layer, the experts that can be chosen at all: held-back replicas cannot. */
  private Map<Integer, int[]> activeExperts() {
    Release release = state.release();
    boolean held = release != null && release.mode() == Mode.COLD && release.exact(state.step());
    Map<Integer, int[]> active = new TreeMap<>();
    for (int layer : model.decoder().spec().mixtureLayers()) {
      List<Integer> out = held ? model.manifest().growth().getLast().replicas(layer) : List.of();
      active.put(
          layer,
          IntStream.range(0, model.decoder().experts()).filter(e -> !out.contains(e)).toArray());
    }
    return active;
  }

  private void forgetFinishedRelease() {
    Release release = state.release();
    if (release != null && release.progress(state.step()) == 1) {
      state = state.withRelease(null);
    }
  }

  private TrainingException diverged(long number, TrainingStep.Result result) {
    return new TrainingException(
        "step " + number,
        "the loss is %s and the gradient's norm %s".formatted(result.loss(), result.gradientNorm()),
        "the last good checkpoint is %s; lower optimizer.learning_rate (now %s) or clip_norm"
            .formatted(
                run.latestCheckpoint().map(Path::toString).orElse("the model itself"),
                config.optimizer().learningRate()));
  }

  private Metric.Train trainMetric(
      TrainingStep.Result result, double learningRate, double seconds) {
    return new Metric.Train(
        state.step(),
        state.tokens(),
        result.loss(),
        learningRate,
        result.gradientNorm(),
        config.batch().tokens() / seconds,
        state.seconds(),
        maxVioMicro(result),
        List.copyOf(balances(result.loads()).values()),
        result.loads().values().stream().map(Loads::shares).toList());
  }

  private SortedMap<Integer, Balance> balances(Map<Integer, long[]> loads) {
    Map<Integer, int[]> active = activeExperts();
    SortedMap<Integer, Balance> balances = new TreeMap<>();
    loads.forEach((layer, load_E) ->
        balances.put(layer, Balance.of(load_E, Objects.requireNonNull(active.get(layer)))));
    return balances;
  }

  /** Mean over what the workers computed at a time, by routing layer. */
  private List<Double> maxVioMicro(TrainingStep.Result result) {
    SortedMap<Integer, Double> means = new TreeMap<>();
    for (Map<Integer, long[]> round : result.rounds()) {
      balances(round)
          .forEach((layer, balance) ->
              means.merge(layer, balance.maxVio() / result.rounds().size(), Double::sum));
    }
    return List.copyOf(means.values());
  }

  /** The mean validation loss of the model as it is; evaluates it unless that was done. */
  public double evaluate() {
    OptionalDouble known = evaluations.loss(state.step());
    if (ranks.any(known.isPresent())) {
      return ranks.ofFirst(known.orElse(0)); // rank 0 alone knows
    }
    Metric.Evaluation evaluation = evaluation();
    log.add(evaluation);
    return evaluation.meanLoss();
  }

  private Metric.Evaluation evaluation() {
    model.decoder().select(model.rule(state.release(), state.step()));
    return evaluations.evaluate(model, state, releaseProgress(), activeExperts());
  }

  private double releaseProgress() {
    Release release = state.release();
    return release == null ? 1 : release.progress(state.step());
  }

  private void growIfDue() {
    GrowthConfig growth = config.growth();
    if (growth == null
        || state.step() != growth.step(config.steps())
        || model.decoder().experts() >= growth.experts()) {
      return;
    }
    save();
    double lossBefore = evaluate();
    int sourceExperts = model.decoder().experts();
    Path grown = run.grown(state.step());
    model.decoder().select(model.rule(state.release(), state.step()));
    Counts counts =
        new TransitionCounts(growth, listener)
            .of(model, checkpoint(), sampler, config.batch(), state.sequences());
    // It is saved, and the grown model needs the memory.
    model.close();
    if (ranks.isFirst()) {
      growSaved(growth, counts, grown);
    }
    ranks.await();
    model = load(grown, true);
    state = afterTransition(state).withRelease(release());
    schedule = schedule();
    logGrowth(growth, sourceExperts, lossBefore);
  }

  /** Rank 0 grows for all, from the disk to the disk. */
  private void growSaved(GrowthConfig growth, Counts counts, Path grown) {
    UpcycleResult result = grow(grown, growth.options(counts), growth.calibrationBatches());
    result.plan().warnings().forEach(listener::message);
    listener.message(result.verification().describe());
    Torch.collect();
  }

  /** A run that is resumed grows anew, so that what a failure leaves is of no use. */
  private UpcycleResult grow(Path grown, GrowthOptions options, int calibrationBatches) {
    try {
      return Upcycler.grow(
          checkpoint(),
          grown,
          options,
          new TorchRunner(),
          evaluations.calibration(sampler, state.sequences(), calibrationBatches),
          Progress.NONE);
    } catch (CheckpointException e) {
      StagedDirectory.discard(grown);
      throw e;
    }
  }

  private void logGrowth(GrowthConfig growth, int sourceExperts, double lossBefore) {
    Metric.Evaluation after = evaluation();
    Release release = state.release();
    Metric.Growth event =
        new Metric.Growth(
            state.step(),
            state.tokens(),
            growth.mode().toString(),
            growth.options().rows().toString(),
            sourceExperts,
            growth.experts(),
            lossBefore,
            after.meanLoss(),
            release == null ? 0 : release.windowSteps());
    if (ranks.isFirst()) {
      evaluations.notLogged(event, after).forEach(log::add);
    }
  }

  /** The first set of ranks that hold the whole model writes it. */
  private void save() {
    Path target = checkpoint();
    ProcessGroup writers = groups.experts();
    if (ranks.any(ranks.isFirst() && Files.exists(target))) {
      return;
    }
    warnOfRanksApart();
    if (!groups.inFirstSet()) {
      return;
    }
    if (!ranks.isFirst()) {
      writers.await(); // until the directory is there
      model.write(StagedDirectory.staging(target), state);
      return;
    }
    try (StagedDirectory staged = StagedDirectory.create(target, false)) {
      writers.await();
      model.write(staged.path(), state);
      TokenizerFiles.copy(corpus.tokenizer().path(), staged.path(), model.maxPositions());
      copyGenerationConfig(staged.path());
      staged.commit();
    } catch (IOException e) {
      throw new CheckpointException(target, "cannot be written: " + e, "check free space", e);
    }
    run.prune(
        config.checkpoint().keep(), steps -> evaluations.best(config.checkpoint().best(), steps));
  }

  /** What is saved is rank 0's, and with it the first set's. */
  private void warnOfRanksApart() {
    List<Integer> others = RankAgreement.othersByWeights(model.decoder());
    if (!others.isEmpty()) {
      listener.message(
          "warning: %s no longer %s the weights of rank 0, rounded otherwise by another kind of"
                  .formatted(RankAgreement.named(others), others.size() == 1 ? "has" : "have")
              + " processor; --resume begins with the same for all");
    }
  }

  private void copyGenerationConfig(Path to) throws IOException {
    String name = "generation_config.json";
    if (Files.exists(config.model().resolve(name))) {
      Files.copy(config.model().resolve(name), to.resolve(name));
    }
  }

  @Override
  public void close() {
    log.close();
    team.close();
    corpus.close();
    if (lock != null) {
      lock.close();
    }
  }
}
