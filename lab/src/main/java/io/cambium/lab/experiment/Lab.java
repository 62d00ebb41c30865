package io.cambium.lab.experiment;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.TorchRunner;
import io.cambium.training.FreshCheckpoint;
import io.cambium.training.MemoryPlan;
import io.cambium.training.RunDirectory;
import io.cambium.training.RunListener;
import io.cambium.training.Trainer;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.data.TokenizerFile;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import io.cambium.upcycle.PlannedUpcycle;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.dense.DenseSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains the runs of an experiment, several at a time if asked to. What was trained before is left
 * as it is; what was stopped on the way goes on, and ends with the same bytes.
 */
public final class Lab {

  /** Hears how the runs come along, from any thread. */
  public interface Listener {

    /**
     * A run begins or goes on.
     *
     * @param step that it has reached already
     */
    void begins(PlannedRun run, long step);

    void metric(PlannedRun run, Metric metric);

    void message(PlannedRun run, String text);

    /** A run has all its steps, now or from an earlier time. */
    void finished(PlannedRun run);

    /** A run cannot go on; the others do. */
    void failed(PlannedRun run, CambiumException why);
  }

  private record Lost(String what, String remedy) {}

  private final ExperimentPlan plan;
  private final MemoryBudget memory;
  private final Listener listener;
  private final List<PlannedRun> waiting;
  private final List<Trainer> training = new ArrayList<>();
  private final Map<PlannedRun, CambiumException> failures = new LinkedHashMap<>();

  /** Checkpoints to begin with that cannot be had any more, and why. */
  private final Map<Path, Lost> lost = new HashMap<>();

  private int atWork;
  private boolean stopRequested;
  private @Nullable Throwable broken;

  /**
   * @param memory bytes that all runs together may take
   */
  public Lab(ExperimentPlan plan, long memory, Listener listener) {
    this.plan = plan;
    this.memory = new MemoryBudget(memory);
    this.listener = listener;
    this.waiting = new ArrayList<>(plan.runs());
  }

  /**
   * Trains what is left to train.
   *
   * @param parallel runs at a time
   * @return those that failed, as their loss was no longer finite, an alarm stopped them or the
   *     checkpoint that they begin with cannot be had any more; and those that need one of them
   * @throws UsageException if settings do not fit a model, a run began with other settings, or
   *     another program is at it
   */
  public Map<PlannedRun, CambiumException> run(int parallel) {
    try (ProcessLock lock = lock()) {
      return runLocked(parallel);
    }
  }

  private ProcessLock lock() {
    try {
      Files.createDirectories(plan.out());
    } catch (IOException e) {
      throw CheckpointException.unwritable(plan.out(), e);
    }
    return ProcessLock.tryAcquire(plan.out().resolve("lock"))
        .orElseThrow(() ->
            new UsageException(
                plan.out(),
                "is being written by another program",
                "wait for it, or choose another --out"));
  }

  private Map<PlannedRun, CambiumException> runLocked(int parallel) {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < parallel; i++) {
      threads.add(Thread.ofPlatform().name("lab " + i).start(this::work));
    }
    threads.forEach(this::await);
    synchronized (this) {
      switch (broken) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(broken);
      }
      return failures;
    }
  }

  /** To its end, also when interrupted: whoever else comes must not train what is saved here. */
  private void await(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
        requestStop();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets every run save and stop after the step it is in. From any thread. */
  public synchronized void requestStop() {
    stopRequested = true;
    training.forEach(Trainer::requestStop);
    notifyAll();
  }

  /** Whether it was asked to stop before all was done. */
  public synchronized boolean isStopped() {
    return stopRequested;
  }

  private void work() {
    try {
      for (Optional<PlannedRun> run = next(); run.isPresent(); run = next()) {
        train(run.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The first run whose model is there, as soon as there is one. */
  private synchronized Optional<PlannedRun> next() throws InterruptedException {
    while (!stopRequested) {
      failForLostCheckpoints();
      for (PlannedRun run : waiting) {
        if (run.start().needs().map(Files::exists).orElse(true)) {
          waiting.remove(run);
          atWork++;
          return Optional.of(run);
        }
      }
      if (atWork == 0) {
        waiting.forEach(this::failForWantOfSource);
        waiting.clear();
        return Optional.empty();
      }
      wait();
    }
    return Optional.empty();
  }

  private void failForLostCheckpoints() {
    for (PlannedRun run : List.copyOf(waiting)) {
      Lost checkpoint = run.start().needs().map(lost::get).orElse(null);
      if (checkpoint != null) {
        waiting.remove(run);
        fail(run, new UsageException(run.title(), checkpoint.what(), checkpoint.remedy()));
      }
    }
  }

  private void failForWantOfSource(PlannedRun run) {
    fail(
        run,
        new UsageException(
            run.title(), "has no model to begin with", "its source failed: see above"));
  }

  private synchronized void fail(PlannedRun run, CambiumException why) {
    failures.put(run, why);
    listener.failed(run, why);
  }

  private void train(PlannedRun run) throws InterruptedException {
    try {
      requireNotStopped(run);
      if (!isFinished(run)) {
        prepare(run);
        trainInMemory(run);
      }
      if (!isStopped()) {
        listener.finished(run);
      }
    } catch (UsageException e) {
      breakOff(e);
    } catch (CambiumException e) {
      fail(run, e);
    } catch (RuntimeException | Error e) {
      breakOff(e);
    } finally {
      synchronized (this) {
        atWork--;
        notifyAll();
      }
    }
  }

  /** What is wrong here is wrong with the experiment, or with this program. */
  private synchronized void breakOff(Throwable why) {
    if (broken == null) {
      broken = why;
    }
    requestStop();
  }

  /** What an alarm stopped stays so: the same command reports the same again. */
  private static void requireNotStopped(PlannedRun run) {
    Path log = run.directory().resolve(MetricsLog.FILE_NAME);
    AtomicReference<Metric.@Nullable Alarm> last = new AtomicReference<>();
    if (Files.exists(log)) {
      MetricsLog.forEach(
          log,
          event -> {
            switch (event) {
              case Metric.Train _ -> last.set(null);
              // One at the last step stops nothing, and no later step could answer it.
              case Metric.Alarm alarm when alarm.stops() && alarm.step() < run.lastStep() ->
                  last.set(alarm);
              default -> {}
            }
          });
    }
    Metric.Alarm stopped = last.get();
    if (stopped != null) {
      throw new TrainingException(
          run.directory(),
          "was stopped at step %d by the alarm %s: %s"
              .formatted(stopped.step(), stopped.alarm(), stopped.message()),
          "`cambium train %1$s/run.yaml --out %1$s --resume` goes on all the same; delete it to"
                  .formatted(run.directory())
              + " train it anew");
    }
  }

  /**
   * From what lies on the disk; nothing is loaded. Its log has to be there: the results of those
   * that begin with it count its steps.
   */
  private static boolean isFinished(PlannedRun run) {
    return run.exports().values().stream().allMatch(Files::exists)
        && run.hasBegun()
        && run.begunWith().equals(run.config())
        && (run.isSourceOnly() || Files.exists(run.lastCheckpoint()));
  }

  /** Writes the model that the run begins with, unless it is there. */
  private void prepare(PlannedRun run) {
    synchronized (plan) { // two runs may begin with one model
      prepare(run.start(), text -> listener.message(run, text));
    }
  }

  static void prepare(Start start, Consumer<String> messages) {
    if (Files.exists(start.directory())) {
      return;
    }
    switch (start) {
      case Start.Given given -> {} // complained about when it is opened
      case Start.Saved saved -> {}
      case Start.Fresh fresh -> {
        Path tokenizer = fresh.data().resolve(TokenizerFile.NAME);
        int vocabulary = TokenizerFile.read(tokenizer).vocabSize();
        FreshCheckpoint.write(
            fresh.directory(), fresh.sizes().config(vocabulary), tokenizer, fresh.seed(), false);
      }
      case Start.Upcycled upcycled -> {
        prepare(upcycled.dense(), messages);
        messages.accept(upcycle(upcycled));
      }
    }
  }

  private static String upcycle(Start.Upcycled upcycled) {
    try (CheckpointSource dense = CheckpointSource.of(upcycled.dense().directory());
        PlannedUpcycle planned =
            Upcycler.planDense(
                new DenseSources(List.of(dense), OptionalInt.empty()),
                upcycled.directory(),
                UpcycleSection.options(upcycled.settings(), upcycled.seed()),
                new TorchRunner(),
                List.of())) {
      return planned.execute(Progress.NONE).verification().describe();
    }
  }

  private void trainInMemory(PlannedRun run) throws InterruptedException {
    MemoryPlan needs = MemoryPlan.of(run.config());
    needs.requireFits(run.config(), memory.total());
    long bytes = needs.peak().total();
    memory.take(bytes);
    try (Trainer trainer = Branching.open(run.directory(), run.config(), heard(run))) {
      begin(trainer);
      listener.begins(run, trainer.steps());
      trainTo(run, trainer);
    } finally {
      memory.giveBack(bytes);
    }
  }

  private void trainTo(PlannedRun run, Trainer trainer) {
    try {
      SortedMap<Integer, Path> stops = new TreeMap<>(run.exports());
      for (Map.Entry<Integer, Path> stop : stops.entrySet()) {
        if (!Files.exists(stop.getValue())) {
          trainer.runUntil(stop.getKey());
          export(run, trainer, stop.getKey(), stop.getValue());
        }
      }
      trainer.runUntil(run.lastStep());
    } finally {
      end(trainer);
    }
  }

  private void export(PlannedRun run, Trainer trainer, int step, Path to) {
    Path checkpoint = new RunDirectory(run.directory()).checkpoint(step);
    if (trainer.steps() == step) {
      trainer.evaluate(); // what begins with it is compared with it
    }
    if (Files.exists(checkpoint)) {
      Branching.copy(checkpoint, to, true);
    } else if (trainer.steps() > step) {
      lose(run, step, to);
    } else {
      return; // it was asked to stop before
    }
    synchronized (this) {
      notifyAll();
    }
  }

  /** An arm that was added later would begin with a checkpoint that the run kept no longer. */
  private synchronized void lose(PlannedRun run, int step, Path checkpoint) {
    List<String> left =
        run.exports().entrySet().stream()
            .filter(export -> Files.exists(export.getValue()))
            .map(export -> export.getKey().toString())
            .toList();
    lost.put(
        checkpoint,
        new Lost(
            "begins at step %d of %s, which is past it and kept no checkpoint there"
                .formatted(step, run.title()),
            "delete %s, and it is trained anew".formatted(run.directory())
                + (left.isEmpty()
                    ? ""
                    : "; or begin where others do, at step " + String.join(" or ", left))));
  }

  private synchronized void begin(Trainer trainer) {
    training.add(trainer);
    if (stopRequested) {
      trainer.requestStop();
    }
  }

  private synchronized void end(Trainer trainer) {
    training.remove(trainer);
  }

  /**
   * Keeps what the model grew into, which is compared with others in the end, before the run
   * deletes it. At the first step after it: a run that is killed before that is logged grows anew,
   * with the same bytes, and one that is killed later has saved nothing in between.
   */
  private static void keepGrown(PlannedRun run, Metric metric) {
    List<GrowthConfig.Stage> growths = run.config().growths();
    // What compares it knows of a single growth alone.
    if (growths.size() != 1 || run.isSourceOnly() || !(metric instanceof Metric.Train)) {
      return;
    }
    int step = growths.getFirst().step();
    Path grown = new RunDirectory(run.directory()).grown(step);
    if (metric.step() == step + 1 && Files.exists(grown)) {
      Branching.copy(grown, run.grownWeights(), false);
    }
  }

  private RunListener heard(PlannedRun run) {
    return new RunListener() {
      @Override
      public void metric(Metric metric) {
        keepGrown(run, metric);
        listener.metric(run, metric);
      }

      @Override
      public void message(String text) {
        listener.message(run, text);
      }
    };
  }
}
