package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Closing;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.TrainingException;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.RouterLosses;
import io.cambium.model.Team;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.ScheduleConfig.Restart;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenizerFiles;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import io.cambium.training.schedule.Schedule;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.runner.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Trains a checkpoint on a corpus: step, balance, log, evaluate, save, and grow when it is time. A
 * run that is stopped, killed or out of power goes on from its last checkpoint and ends with the
 * same bytes. Several processes may train one run, each its part of every batch; rank 0 alone
 * speaks, and writes, but for the experts that others of its set hold.
 */
public final class Trainer implements AutoCloseable {

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

  /**
   * See {@link RunStart}.
   *
   * @param lock of rank 0
   * @param start checkpoint or model to begin with
   * @param goesOn whether that is the run's own checkpoint
   * @param corpus closed with the trainer, as the team is, but not where this fails
   */
  Trainer(
      RunConfig config,
      RunDirectory run,
      @Nullable ProcessLock lock,
      Path start,
      boolean goesOn,
      RunListener listener,
      RankGroups groups,
      Corpus corpus,
      Team team) {
    this.config = config;
    this.run = run;
    this.lock = lock;
    this.listener = listener;
    this.groups = groups;
    this.ranks = groups.all();
    this.corpus = corpus;
    this.team = team;
    this.sampler = new BatchSampler(corpus, config.batch().length(), config.seed(), config.mix());
    this.trainingStep = new TrainingStep(sampler, config.batch());
    this.balancer = new Balancer(RunFit.balanceRate(config));
    this.state = withRanks(goesOn ? TrainerState.read(start) : firstState(start));
    this.schedule = schedule();
    this.model = load(start, goesOn || config.branch());
    this.evaluations =
        new Evaluations(corpus, config, run.metrics(), state.step(), ranks.isFirst());
    if (!goesOn) {
      beginRelease();
    }
    new RunFit(config, groups, model, state, schedule).require(corpus);
    this.log = ranks.isFirst() ? writtenLog(goesOn) : RunLog.SILENT;
  }

  /**
   * Says what there is to be said before the first step.
   *
   * @param goesOn whether the run has begun before
   */
  void begin(boolean goesOn) {
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
        Math.log((double) grownTo / grownFrom),
        config.release().agreement());
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
    for (GrowthConfig.Stage stage : config.growths()) {
      if (state.step() == stage.step()) {
        grow(Objects.requireNonNull(config.growth()), stage);
      }
    }
  }

  private void grow(GrowthConfig growth, GrowthConfig.Stage stage) {
    save();
    double lossBefore = evaluate();
    int sourceExperts = model.decoder().experts();
    Path grown = run.grown(state.step());
    model.decoder().select(model.rule(state.release(), state.step()));
    Counts counts =
        new TransitionCounts(growth, stage, listener)
            .of(model, checkpoint(), sampler, config.batch(), state.sequences());
    // It is saved, and the grown model needs the memory.
    model.close();
    if (ranks.isFirst()) {
      List<TokenIds> calibration =
          evaluations.calibration(sampler, state.sequences(), growth.calibrationBatches());
      new SavedGrowth(growth, stage, listener).grow(checkpoint(), grown, counts, calibration);
    }
    ranks.await();
    model = load(grown, true);
    state = afterTransition(state).withRelease(release());
    schedule = schedule();
    logGrowth(growth, stage, sourceExperts, lossBefore);
  }

  private void logGrowth(
      GrowthConfig growth, GrowthConfig.Stage stage, int sourceExperts, double lossBefore) {
    Metric.Evaluation after = evaluation();
    Release release = state.release();
    Metric.Growth event =
        new Metric.Growth(
            state.step(),
            state.tokens(),
            growth.mode().toString(),
            growth.options().rows().toString(),
            sourceExperts,
            stage.experts(),
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
          "warning: %s no longer %s the weights of the first rank that holds them, rounded otherwise by"
                  .formatted(RankAgreement.named(others), others.size() == 1 ? "has" : "have")
              + " another kind of processor; --resume begins with the same for all");
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
    Closing.all(
        Stream.of(
            log::close,
            team::close,
            corpus::close,
            () -> {
              if (lock != null) {
                lock.close();
              }
            }));
  }
}
