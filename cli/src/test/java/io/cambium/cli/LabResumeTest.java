package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.lab.experiment.Experiment;
import io.cambium.lab.experiment.ExperimentPlan;
import io.cambium.lab.experiment.Lab;
import io.cambium.lab.experiment.PlannedRun;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Experiments that go on with other arms than they began with, or after something stopped them. */
class LabResumeTest {

  private static final String BASE =
      """
      base:
        model:
          {hidden: 16, layers: 2, heads: 2, kv_heads: 1, head_dim: 8, experts: 3, ffn: 8,
           dense_ffn: 24, context: 32}
        data: %s
        steps: 24
        workers: 1
        batch: {sequences: 4, length: 16, micro_batch: 2}
        evaluate: {every: 8, sequences: 2}
        checkpoint: {every: 5, keep: 1}
        release: {window: 0.5, agreement: 0.1}
        schedule: {warmup: 0}
        growth: {at: 8, experts: 6, calibration_batches: 1}
      seeds: [1]
      arms:
      """;

  @TempDir private static Path folder;

  private static Path corpus = Path.of("");

  private final Console console = new Console();

  @BeforeAll
  static void writeCorpus() throws IOException {
    corpus = TinyCorpus.write(folder.resolve("corpus"));
  }

  private static Path yaml(String name, String... arms) throws IOException {
    return Files.writeString(
        folder.resolve(name + ".yaml"),
        BASE.formatted(corpus) + "  " + String.join("\n  ", arms) + "\n");
  }

  private int lab(String name, String... arms) throws IOException {
    console.clear();
    return console.run(
        "lab", yaml(name, arms).toString(), "--out", out(name).toString(), "--resume");
  }

  private static Path out(String name) {
    return folder.resolve(name);
  }

  private static List<String> failed(String name) {
    return List.copyOf(
        Json.readObject(out(name).resolve("results.json")).get("failed").propertyNames());
  }

  private static List<String> measured(String name) {
    JsonNode arms = Json.readObject(out(name).resolve("results.json")).get("arms");
    return arms.valueStream()
        .filter(arm -> !arm.get("seeds").isEmpty())
        .map(arm -> arm.get("arm").asString())
        .toList();
  }

  @Test
  void anArmThatCannotBeHadAnyMoreFailsAlone() throws IOException {
    String fixed = "fixed-3: {}";
    String flat = "flat: {growth: {mode: flat}}";
    assertThat(lab("added", fixed, flat)).isZero();
    String[] more = {fixed, flat, "early: {growth: {at: 4}}", "cold: {growth: {mode: cold}}"};
    assertThat(lab("added", more)).isEqualTo(1);
    assertThat(measured("added")).containsExactly("fixed-3", "flat", "cold");
    assertThat(failed("added")).containsExactly("early, seed 1");
    assertThat(Files.readString(out("added").resolve("results.json")))
        .contains("begins at step 4 of fixed-3, seed 1, which is past it")
        .contains("-> delete " + out("added").resolve("runs/fixed-3/seed-1"))
        .contains("or begin where others do, at step 8");
    StagedDirectory.deleteTree(out("added").resolve("runs/fixed-3/seed-1"));
    assertThat(lab("added", more)).isZero();
    assertThat(measured("added")).contains("early");
  }

  @Test
  void anotherSourceLeavesTheCheckpointsWhereTheyAre() throws IOException {
    String brief = "brief: {growth: {}, set: {steps: 20}}";
    assertThat(lab("source", brief)).isZero();
    String before = Files.readString(out("source").resolve("runs/brief/seed-1/run.yaml"));
    assertThat(lab("source", "full: {growth: {}}", brief)).isZero();
    assertThat(measured("source")).containsExactly("full", "brief");
    assertThat(Files.readString(out("source").resolve("runs/brief/seed-1/run.yaml")))
        .isEqualTo(before);
    try (Stream<Path> sources = Files.list(out("source").resolve("sources"))) {
      assertThat(sources).hasSize(1);
    }
  }

  @Test
  void howProcessesSharedARunDecidesNothing() throws IOException {
    assertThat(lab("shared", "fixed-3: {}")).isZero();
    Path yaml = out("shared").resolve("runs/fixed-3/seed-1/run.yaml");
    String shared =
        Files.readString(yaml).replace("expert_parallel_size: 1", "expert_parallel_size: 3");
    Files.writeString(yaml, shared);
    assertThat(lab("shared", "fixed-3: {}")).isZero();
    assertThat(measured("shared")).containsExactly("fixed-3");
    assertThat(yaml).hasContent(shared); // it was left alone
  }

  @Test
  void armsThatWereAddedAreTriedBeforeAnythingIsTrained() throws IOException {
    assertThat(lab("tried", "fixed-3: {}")).isZero();
    String[] more = {
      "fixed-3: {}", "fixed-4: {model: {experts: 4}}", "bad: {growth: {experts: 3}}"
    };
    assertThat(lab("tried", more)).isEqualTo(2);
    assertThat(out("tried").resolve("runs/fixed-4")).doesNotExist();
  }

  /** A source that grows already leaves another model than it began with. */
  @Test
  void theSecondGrowthIsTriedOnWhatTheFirstLeaves() throws IOException {
    String twice =
        "twice: {growth: {at: 16, experts: %d}, source: {growth: {at: 4, experts: 6, calibration_batches: 1}}, set: {release.window: 0.3}}";
    assertThat(lab("fewer", twice.formatted(5))).isEqualTo(2);
    assertThat(console.err()).contains("twice").contains("5 are no more than the 6");
    assertThat(out("fewer")).doesNotExist();
  }

  /** It branches off where it grows first, and is compared with what has as many in the end. */
  @Test
  void anArmMayGrowTwice() throws IOException {
    String[] arms = {
      "fixed-3: {}",
      "fixed-6: {model: {experts: 6}}",
      "twice: {growth: {at: [8, 16], experts: [4, 6]}, set: {release.window: 0.3}}"
    };
    assertThat(lab("several", arms)).isZero();
    JsonNode twice = Json.readObject(out("several").resolve("results.json")).get("arms").get(2);
    assertThat(twice.get("fixed_me").asString()).isEqualTo("fixed-6");
    JsonNode seed = twice.get("seeds").get(0);
    assertThat(seed.get("experts").asInt()).isEqualTo(6);
    assertThat(seed.get("expert_steps").asInt()).isEqualTo(8 * 3 + 8 * 4 + 8 * 6);
    assertThat(seed.get("growth").get("largest_rise").get("tokens").asInt())
        .isGreaterThanOrEqualTo(8 * 4 * 16);
    assertThat(seed.get("growth").get("source_experts").asInt()).isEqualTo(3);
  }

  @Test
  void anExperimentThatCannotGoOnSaysWhyBeforeAnythingIsTrained() throws IOException {
    assertThat(lab("old", "fixed-3: {}")).isZero();
    String[] changed = {"fixed-4: {model: {experts: 4}}", "fixed-3: {set: {evaluate.every: 4}}"};
    assertThat(lab("old", changed)).isEqualTo(2);
    assertThat(console.err())
        .contains("fixed-3/seed-1: began with other settings than the experiment has now:")
        .contains("\n  evaluate.every: 8, now 4\n")
        .contains("change it back, or delete this run", "begin anew with another --out");
    Path yaml = out("old").resolve("runs/fixed-3/seed-1/run.yaml");
    String settings = Files.readString(yaml);
    Files.writeString(yaml, settings.replace("workers: 1", "workers: 1\nthreads: 1"));
    assertThat(lab("old", "fixed-3: {}")).isEqualTo(2);
    assertThat(console.err())
        .contains("cannot be read by this version: ", "run.yaml: threads: unknown")
        .contains("if another version of Cambium began the experiment");
    Files.writeString(yaml, settings);
    Path log = yaml.resolveSibling(MetricsLog.FILE_NAME);
    Files.writeString(log, Files.readString(log).replace("\"tokens\"", "\"token_count\""));
    assertThat(lab("old", "fixed-3: {}")).isEqualTo(2);
    assertThat(console.err()).contains("cannot be read by this version: ", "line 1: is no event");
    assertThat(out("old").resolve("runs/fixed-4")).doesNotExist();
  }

  @Test
  void termsOfBoundsThatCannotBeHadSayWhatIsMissing() throws IOException {
    String[] arms = {"fixed-3: {}", "grown: {growth: {mode: lineage}}"};
    assertThat(lab("bounds", arms)).isZero();
    assertThat(missingOfBounds("bounds")).contains("an arm that has all experts from the start");
    String[] more = {arms[0], arms[1], "fixed-6: {model: {experts: 6}}"};
    Path kept = out("bounds").resolve("runs/grown/seed-1/grown");
    assertThat(kept.resolve("training")).doesNotExist();
    StagedDirectory.deleteTree(kept);
    assertThat(lab("bounds", more)).isZero();
    assertThat(missingOfBounds("bounds")).contains("were not kept").contains("trains it anew");
    assertThat(console.out()).contains("grown: no terms of regret bounds, for want of the");
    StagedDirectory.deleteTree(out("bounds").resolve("runs/grown"));
    assertThat(lab("bounds", more)).isZero();
    assertThat(console.out())
        .contains("a difference of bounds on regret")
        .doesNotContain("no terms of regret bounds");
  }

  private static String missingOfBounds(String name) {
    JsonNode arms = Json.readObject(out(name).resolve("results.json")).get("arms");
    return arms.get(1).get("seeds").get(0).get("regret_bounds").get("missing").asString();
  }

  @Test
  void lossesAtOtherStepsAreNotCompared() throws IOException {
    assertThat(lab("unevaluated", "fixed-3: {}", "fixed-4: {model: {experts: 4}}")).isZero();
    Path log = out("unevaluated").resolve("runs/fixed-4/seed-1").resolve(MetricsLog.FILE_NAME);
    List<String> lines = Files.readAllLines(log);
    assertThat(lines.getLast()).contains("\"event\":\"evaluation\"");
    Files.write(log, lines.subList(0, lines.size() - 1));
    assertThat(lab("unevaluated", "fixed-3: {}", "fixed-4: {model: {experts: 4}}")).isEqualTo(1);
    assertThat(measured("unevaluated")).containsExactly("fixed-3");
    assertThat(Files.readString(out("unevaluated").resolve("results.json")))
        .contains("was last evaluated at step 16 of 24");
  }

  @Test
  void whatAnAlarmStoppedStaysStopped() throws IOException {
    String arm = "stopped: {set: {alarms.overload: {max_vio: 0.01, steps: 2, stop: true}}}";
    assertThat(lab("alarm", arm)).isEqualTo(1);
    Path log = out("alarm").resolve("runs/stopped/seed-1").resolve(MetricsLog.FILE_NAME);
    List<Metric> events = MetricsLog.read(log);
    assertThat(events.getLast()).isInstanceOf(Metric.Alarm.class);
    assertThat(lab("alarm", arm)).isEqualTo(1);
    assertThat(MetricsLog.read(log)).isEqualTo(events);
    assertThat(Files.readString(out("alarm").resolve("results.json")))
        .contains("by the alarm overload")
        .contains("goes on all the same");
    JsonNode results = Json.readObject(out("alarm").resolve("results.json"));
    assertThat(results.get("trained_steps").asLong()).isEqualTo(events.getLast().step());
    assertThat(results.get("planned_steps").asLong()).isEqualTo(24);
  }

  /** Or another program would train what this one still saves. */
  @Test
  void interruptedItWaitsForItsRunsToBeSaved() throws IOException {
    ExperimentPlan plan =
        ExperimentPlan.of(Experiment.read(yaml("cut", "fixed-3: {}")), out("cut"));
    Thread caller = Thread.currentThread();
    Lab lab = new Lab(plan, Long.MAX_VALUE, new Interrupting(caller));
    lab.run(1);
    assertThat(Thread.interrupted()).isTrue();
    Path run = plan.runs().getFirst().directory();
    long step = MetricsLog.read(run.resolve(MetricsLog.FILE_NAME)).getLast().step();
    assertThat(step).isLessThan(24);
    assertThat(run.resolve("checkpoints/step-%06d".formatted(step))).exists();
  }

  private record Interrupting(Thread caller) implements Lab.Listener {

    @Override
    public void begins(PlannedRun run, long step) {}

    @Override
    public void metric(PlannedRun run, Metric metric) {
      caller.interrupt();
    }

    @Override
    public void message(PlannedRun run, String text) {}

    @Override
    public void finished(PlannedRun run) {}

    @Override
    public void failed(PlannedRun run, CambiumException why) {}
  }
}
