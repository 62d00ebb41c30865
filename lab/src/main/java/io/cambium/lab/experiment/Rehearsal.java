package io.cambium.lab.experiment;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.MemoryPlan;
import io.cambium.training.RunListener;
import io.cambium.training.RunStart;
import io.cambium.training.Trainer;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.training.data.Corpus;
import io.cambium.training.metrics.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import tools.jackson.databind.node.ObjectNode;

/**
 * A few steps of every run of one seed, with throwaway models, before hours are spent: what a run
 * would refuse in its middle is refused now, and what it takes is measured.
 */
public final class Rehearsal implements AutoCloseable {

  private static final int STEPS = 2;

  private static final RunListener SILENT =
      new RunListener() {
        @Override
        public void metric(Metric metric) {}

        @Override
        public void message(String text) {}
      };

  /** A forward pass of a token beside its training step. */
  private static final double EVALUATION_SHARE = 1.0 / 3;

  /**
   * What a run takes.
   *
   * @param bytes of memory at its peak
   * @param seconds of one step, measured on the model that the run begins with
   * @param evaluationSeconds of one evaluation, worked out from that
   */
  public record Needs(long bytes, double seconds, double evaluationSeconds) {

    /** How long a run takes by itself. */
    public double seconds(PlannedRun run) {
      int evaluations = Math.ceilDiv(run.steps(), run.config().evaluate().every());
      return run.steps() * seconds + evaluations * evaluationSeconds;
    }
  }

  private final ExperimentPlan plan;
  private final Path folder;
  private final Map<Start, Path> models = new LinkedHashMap<>();

  private Rehearsal(ExperimentPlan plan, Path folder) {
    this.plan = plan;
    this.folder = folder;
  }

  /**
   * Tries runs of the first seed.
   *
   * @param memory bytes that a run may take
   * @param which of them
   * @return by the name of the run
   * @throws UsageException naming the run, if its settings do not fit its model, or the memory
   */
  public static Map<String, Needs> of(
      ExperimentPlan plan, long memory, Predicate<PlannedRun> which) {
    try (Rehearsal rehearsal = new Rehearsal(plan, Files.createTempDirectory("cambium-lab"))) {
      Map<String, Needs> needs = new LinkedHashMap<>();
      for (PlannedRun run : plan.runs()) {
        if (run.seed() == plan.experiment().seeds().getFirst() && which.test(run)) {
          needs.put(run.name(), rehearsal.rehearse(run, memory));
        }
      }
      return needs;
    } catch (IOException e) {
      throw new CheckpointException("temporary directory", "cannot be used: " + e, null, e);
    }
  }

  private Needs rehearse(PlannedRun run, long memory) {
    try {
      RunConfig config = config(run);
      MemoryPlan needs = MemoryPlan.of(config);
      needs.requireFits(config, memory);
      double seconds = secondsOfAStep(run, config);
      return new Needs(needs.peak().total(), seconds, evaluationSeconds(config, seconds));
    } catch (CambiumException e) {
      throw new UsageException(run.name(), Objects.requireNonNull(e.getMessage()), null, e);
    }
  }

  /** The same run from a model that is there. */
  private RunConfig config(PlannedRun run) {
    ObjectNode settings = YamlSettings.tree(run.config());
    settings.put("model", model(run.start(), run).toString());
    settings.put("branch", run.config().branch() && run.start() instanceof Start.Given);
    settings.remove("alarms"); // two steps of a throwaway model are no cause to stop
    return RunConfig.read(run.name(), settings, List.of());
  }

  /** A model of the same sizes. */
  private Path model(Start start, PlannedRun run) {
    Path made = models.get(start);
    if (made != null) {
      return made;
    }
    Path directory = folder.resolve("model-" + models.size());
    Path model =
        switch (start) {
          case Start.Given given -> given.directory();
          case Start.Saved saved -> {
            PlannedRun source = plan.run(saved.run(), run.seed());
            yield SharedSteps.growsBefore(source.config(), saved.step())
                ? grown(source, saved.step())
                : model(source.start(), source);
          }
          case Start.Fresh fresh -> {
            Lab.prepare(new Start.Fresh(directory, fresh.sizes(), fresh.data(), 0), text -> {});
            yield directory;
          }
          case Start.Upcycled upcycled -> {
            Start dense = new Start.Given(model(upcycled.dense(), run));
            Path target = folder.resolve("model-" + models.size());
            Lab.prepare(new Start.Upcycled(target, dense, upcycled.settings(), 0), text -> {});
            yield target;
          }
        };
    models.put(start, model);
    return model;
  }

  /**
   * The model of a source that grew by then, for which it is let grow after two steps, released at
   * once: a run may begin with it.
   */
  private Path grown(PlannedRun source, int step) {
    int experts =
        source.config().growths().stream()
            .filter(growth -> growth.step() < step)
            .mapToInt(GrowthConfig.Stage::experts)
            .max()
            .orElseThrow();
    ObjectNode settings = YamlSettings.tree(config(source));
    settings.put("branch", false);
    settings.withObject("growth").put("at", (double) STEPS).put("experts", experts);
    settings.putObject("release").put("window", 0.0).put("hold", 0.0);
    RunConfig config = RunConfig.read(source.name(), settings, List.of());
    Path run = folder.resolve(source.name() + "-grown");
    try (Trainer trainer = RunStart.anew(config, run, SILENT)) {
      trainer.runUntil(STEPS + 1);
      return trainer.checkpoint();
    }
  }

  /** Of the last step, as the first one warms up. */
  private double secondsOfAStep(PlannedRun run, RunConfig config) {
    double[] seconds = new double[1];
    RunListener listener =
        new RunListener() {
          @Override
          public void metric(Metric metric) {
            if (metric instanceof Metric.Train train) {
              seconds[0] = config.tokensPerStep() / train.tokensPerSecond();
            }
          }

          @Override
          public void message(String text) {}
        };
    try (Trainer trainer = RunStart.anew(config, folder.resolve(run.name()), listener)) {
      trainer.runUntil(Math.toIntExact(Math.min(trainer.steps() + STEPS, config.steps())));
    }
    return seconds[0];
  }

  private static double evaluationSeconds(RunConfig config, double secondsOfAStep) {
    try (Corpus corpus = Corpus.open(config.corpora())) {
      double tokens =
          (double) corpus.domains().size()
              * config.evaluate().sequences()
              * config.batch().length();
      return EVALUATION_SHARE * secondsOfAStep * tokens / config.tokensPerStep();
    }
  }

  @Override
  public void close() throws IOException {
    StagedDirectory.deleteTree(folder);
  }
}
