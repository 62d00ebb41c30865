package io.cambium.lab.demo;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.comparison.Arm;
import io.cambium.lab.comparison.Arm.Role;
import io.cambium.lab.comparison.DemoSummary;
import io.cambium.lab.experiment.Branching;
import io.cambium.lab.report.Facts;
import io.cambium.lab.report.Report;
import io.cambium.lab.report.ReportData;
import io.cambium.training.FreshCheckpoint;
import io.cambium.training.RunDirectory;
import io.cambium.training.RunListener;
import io.cambium.training.Trainer;
import io.cambium.training.config.RunConfig;
import io.cambium.training.data.TokenizerFile;
import io.cambium.training.data.corpus.DemoCorpus;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The whole story on real text: a model with 8 experts learns, grows to 32 in mid-training, and is
 * compared with the model that stayed at 8 and the one that had 32 from the start, all on the same
 * tokens.
 */
public final class Demo {

  /** Hears how the demo comes along. */
  public interface Listener extends RunListener, Progress {

    /**
     * A run begins.
     *
     * @param what the run, in a few words
     * @param firstStep steps taken already
     * @param lastStep step at which it will stop
     */
    void begins(String what, int firstStep, int lastStep);
  }

  private static final String CORPUS = "corpus";

  private final DemoPlan plan;
  private final Path out;
  private final Listener listener;

  private Demo(DemoPlan plan, Path out, Listener listener) {
    this.plan = plan;
    this.out = out;
    this.listener = listener;
  }

  /**
   * Runs the demo.
   *
   * @param minutes scales the number of tokens, by a fixed rate that two cores keep up with
   * @param out directory to write; a demo that was stopped in it goes on
   * @return what it showed; the same is in {@code summary.json} and {@code report.html}
   * @throws UsageException if the directory holds another demo, or the minutes are too few
   */
  public static DemoSummary run(double minutes, long seed, Path out, Listener listener) {
    Path directory = out.toAbsolutePath().normalize();
    boolean begun =
        Files.exists(directory.resolve(CORPUS))
            || Files.exists(directory.resolve(CORPUS + ".partial"));
    if (!begun && holdsAnything(directory)) {
      throw new UsageException(out, "exists already and is no demo", "choose another --out");
    }
    return new Demo(DemoPlan.of(minutes, seed), directory, listener).run();
  }

  private static boolean holdsAnything(Path directory) {
    String[] names = directory.toFile().list();
    return Files.exists(directory) && (names == null || names.length > 0);
  }

  private DemoSummary run() {
    if (!Files.exists(corpus())) {
      DemoCorpus.withDefaults(plan.seed()).write(corpus(), false, System.getenv(), listener);
    }
    int branch = plan.branchStep();
    Path source = out.resolve("source");
    Path small = train("8 experts", fresh(DemoPlan.SOURCE_EXPERTS), branch);
    Branching.copy(last(small), source, true);
    Path grown =
        train("8 -> 32 experts, lineage", plan.grown(source, corpus(), Mode.LINEAGE), plan.steps());
    Branching.copy(last(grown), out.resolve("final"), false);
    Path flat =
        train("8 -> 32 experts, flat", plan.grown(source, corpus(), Mode.FLAT), plan.releaseEnd());
    train("8 experts", fresh(DemoPlan.SOURCE_EXPERTS), plan.steps());
    Path large = train("32 experts from scratch", fresh(DemoPlan.TARGET_EXPERTS), plan.steps());
    return summarise(small, grown, large, flat);
  }

  private Path corpus() {
    return out.resolve(CORPUS);
  }

  private static Path last(Path run) {
    return new RunDirectory(run).latestCheckpoint().orElseThrow();
  }

  /** A run of a new model with so many experts. */
  private RunConfig fresh(int experts) {
    Path model = out.resolve("models").resolve("fresh-" + experts);
    if (!Files.exists(model)) {
      writeFresh(model, experts);
    }
    return plan.fromScratch(model, corpus());
  }

  private void writeFresh(Path model, int experts) {
    Path tokenizer = corpus().resolve(TokenizerFile.NAME);
    int vocabulary = TokenizerFile.read(tokenizer).vocabSize();
    FreshCheckpoint.write(
        model, DemoPlan.sizes(experts).config(vocabulary), tokenizer, plan.seed(), false);
  }

  /** Begins a run or goes on with it, until so many steps are taken. */
  private Path train(String name, RunConfig config, int lastStep) {
    Path run = out.resolve("runs").resolve(name.replaceAll("[^a-z0-9]+", "-"));
    try (Trainer trainer = Branching.open(run, config, listener)) {
      if (trainer.steps() < lastStep) {
        listener.begins(name, Math.toIntExact(trainer.steps()), lastStep);
        trainer.runUntil(lastStep);
      }
    }
    return run;
  }

  private DemoSummary summarise(Path small, Path grown, Path large, Path flat) {
    RunHistory source = RunHistory.read(small);
    List<Arm> arms =
        List.of(
            new Arm(Role.FIXED_E, "8 experts", source),
            new Arm(
                Role.UPCYCLED,
                "8 -> 32 experts, lineage",
                RunHistory.read(grown).branchedFrom(source)),
            new Arm(Role.FIXED_ME, "32 experts from scratch", RunHistory.read(large)),
            new Arm(
                Role.OBSERVED,
                "8 -> 32 experts, flat",
                RunHistory.read(flat).branchedFrom(source)));
    DemoSummary summary = DemoSummary.of(arms);
    summary.write(out);
    Report.write(out.resolve("report.html"), ReportData.of(summary, arms, last(grown), facts()));
    return summary;
  }

  private SequencedMap<String, String> facts() {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put("Seed", Long.toString(plan.seed()));
    facts.put("Steps", Integer.toString(plan.steps()));
    facts.put("Workers", Integer.toString(DemoPlan.WORKERS));
    facts.putAll(Facts.ofThisMachine());
    return facts;
  }
}
