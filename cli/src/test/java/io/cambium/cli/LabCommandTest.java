package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.training.config.RunConfig;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A small experiment as a user starts, kills and resumes it. */
class LabCommandTest {

  private static final int STEPS = 24;
  private static final int GROWTH = 8;

  @TempDir private static Path folder;

  private static Path yaml = Path.of("");

  @BeforeAll
  static void run() throws IOException {
    Path corpus = TinyCorpus.write(folder.resolve("corpus"));
    yaml =
        Files.writeString(
            folder.resolve("experiment.yaml"),
            """
            base:
              model:
                {hidden: 16, layers: 2, heads: 2, kv_heads: 1, head_dim: 8, experts: 3, ffn: 8,
                 dense_ffn: 24, context: 32}
              data: %s
              steps: %d
              workers: 1
              batch: {sequences: 4, length: 16, micro_batch: 2}
              evaluate: {every: 4, sequences: 2}
              checkpoint: {every: 5, keep: 1}
              release: {window: 0.5}
              growth: {at: %d, experts: 6, calibration_batches: 1}
            seeds: [1, 2]
            arms:
              fixed-3: {}
              fixed-6: {model: {experts: 6}}
              flat: {growth: {mode: flat}}
              lineage: {growth: {mode: lineage}}
              experts:
                model: {family: llama, dense_layers: 2}
                source: {steps: 6}
                upcycle: {experts: 4}
                set: {balance: {rate: 0, aux_loss: 0.01}}
            """
                .formatted(corpus, STEPS, GROWTH));
    assertThat(lab(whole())).isZero();
  }

  private static Path whole() {
    return folder.resolve("whole");
  }

  private static int lab(Path out, String... more) {
    List<String> args = new ArrayList<>(List.of("lab", yaml.toString(), "--out", out.toString()));
    args.addAll(List.of(more));
    return Cambium.execute(args.toArray(String[]::new));
  }

  @Test
  void sourcesAreTrainedOnce() throws IOException {
    long steps;
    try (Stream<Path> logs = Files.walk(whole().resolve("runs"))) {
      steps =
          logs.filter(path -> path.endsWith(MetricsLog.FILE_NAME))
              .flatMap(log -> MetricsLog.read(log).stream())
              .filter(Metric.Train.class::isInstance)
              .count();
    }
    int growing = STEPS - GROWTH;
    assertThat(steps).isEqualTo(2L * (STEPS + STEPS + growing + growing + 6 + STEPS));
    assertThat(results(whole()).get("trained_steps").asLong()).isEqualTo(steps);
    assertThat(results(whole()).get("unshared_steps").asLong()).isEqualTo(steps + 2L * 2 * GROWTH);
  }

  @Test
  void reportsWhatTheArmsShowed() {
    JsonNode arms = results(whole()).get("arms");
    JsonNode lineage = arms.get(3);
    assertThat(lineage.get("arm").asString()).isEqualTo("lineage");
    assertThat(lineage.get("fixed_e").asString()).isEqualTo("fixed-3");
    assertThat(lineage.get("fixed_me").asString()).isEqualTo("fixed-6");
    JsonNode first = lineage.get("seeds").get(0);
    assertThat(first.get("tokens").asLong()).isEqualTo(STEPS * 4 * 16);
    assertThat(first.get("expert_steps").asLong()).isEqualTo(GROWTH * 3 + (STEPS - GROWTH) * 6);
    assertThat(first.get("saving").asDouble()).isCloseTo(1.0 / 6, within(1e-12));
    assertThat(first.get("growth").get("jump").asDouble()).isBetween(-1e-5, 1e-5);
    assertThat(first.get("growth").get("largest_rise")).isNotNull();
    assertThat(first.get("loss").propertyNames()).containsExactly("one", "two");
    assertThat(first.get("specialisation").size()).isGreaterThan(STEPS / 4);
    assertThat(first.get("specialisation").values())
        .allSatisfy(point -> assertThat(point.get("distance").asDouble()).isBetween(0.0, 1.0));
    assertThat(first.get("recovery").get("steps").asLong()).as("exact at step 0").isZero();
    JsonNode experts = arms.get(4).get("seeds").get(0);
    assertThat(experts.get("recovery").get("source_loss").asDouble()).isPositive();
    assertThat(experts.get("recovery").get("tokens").asLong()).as("copies too").isZero();
  }

  /** From the logs and the checkpoints that the runs left, by other means. */
  @Test
  void theTermsOfTheBoundsAreThoseOfTheRunsOfTheSeed() {
    JsonNode arms = results(whole()).get("arms");
    assertThat(arms.get(0).get("seeds").get(0).has("regret_bounds")).isFalse();
    JsonNode terms = arms.get(3).get("seeds").get(1).get("regret_bounds");
    List<Double> rates =
        Stream.of("fixed-3/seed-2", "lineage/seed-2")
            .flatMap(run ->
                MetricsLog.read(whole().resolve("runs").resolve(run).resolve("metrics.jsonl"))
                    .stream())
            .filter(Metric.Train.class::isInstance)
            .map(event -> ((Metric.Train) event).lr())
            .toList();
    List<Double> own = new ArrayList<>(rates.subList(0, GROWTH));
    own.addAll(rates.subList(STEPS, STEPS + STEPS - GROWTH));
    double all = own.stream().mapToDouble(rate -> rate).sum();
    double share = own.subList(0, GROWTH).stream().mapToDouble(rate -> rate).sum() / all;
    double gap =
        arms.get(0).get("seeds").get(1).get("mean_loss").asDouble()
            - arms.get(1).get("seeds").get(1).get("mean_loss").asDouble();
    assertThat(terms.get("capacity").asDouble()).isCloseTo(share * gap, within(1e-12));
    Path large = whole().resolve("runs/fixed-6/seed-2/checkpoints/step-%06d".formatted(STEPS));
    double grown = squaredDistance(whole().resolve("runs/lineage/seed-2/grown"), large);
    Path start = Path.of(model(whole().resolve("runs/fixed-6/seed-2/run.yaml")));
    double fresh = squaredDistance(start, large);
    assertThat(grown).isPositive();
    assertThat(terms.get("grown_distance").asDouble()).isCloseTo(grown, withinPercentage(1e-6));
    assertThat(terms.get("start_distance").asDouble()).isCloseTo(fresh, withinPercentage(1e-6));
    assertThat(terms.get("initialisation").asDouble())
        .isCloseTo((grown - fresh) / (2 * all), withinPercentage(1e-6));
  }

  private static String model(Path yaml) {
    return RunConfig.read(yaml, List.of()).model().toString();
  }

  private static double squaredDistance(Path one, Path other) {
    double sum = 0;
    try (SafetensorsFile first = SafetensorsFile.open(one.resolve("model.safetensors"));
        SafetensorsFile second = SafetensorsFile.open(other.resolve("model.safetensors"))) {
      for (String tensor : first.tensors().keySet()) {
        if (!tensor.endsWith("e_score_correction_bias")) {
          sum += squaredDistance(first.data(tensor), second.data(tensor));
        }
      }
    }
    return sum;
  }

  private static double squaredDistance(MemorySegment one, MemorySegment other) {
    float[] a = one.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    float[] b = other.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    return IntStream.range(0, a.length).mapToDouble(i -> Math.pow((double) a[i] - b[i], 2)).sum();
  }

  @Test
  void csvHasALineForEachArmAndSeedAndOneForEachArm() throws IOException {
    assertThat(Files.readAllLines(whole().resolve("results.csv")))
        .hasSize(1 + 5 * 2)
        .first()
        .asString()
        .startsWith("arm,seed,")
        .endsWith(",loss_one,loss_two");
    assertThat(Files.readAllLines(whole().resolve("arms.csv")))
        .hasSize(1 + 5)
        .anyMatch(line -> line.startsWith("lineage,2,") && line.contains(",fixed-3,fixed-6,"));
  }

  @Test
  void killedAndResumedItReportsTheSame() throws Exception {
    Path out = folder.resolve("killed");
    // In the shared source after a checkpoint, right after the growth, in a grown run, and in the
    // second seed.
    killAt(out, "fixed-3/seed-1", 7);
    killAt(out, "lineage/seed-1", GROWTH + 1);
    killAt(out, "lineage/seed-1", 20);
    killAt(out, "fixed-3/seed-2", 9);
    assertThat(start(out).waitFor()).as(log(out)).isZero();
    assertThat(withoutTimes(results(out))).isEqualTo(withoutTimes(results(whole())));
    assertThat(start(out).waitFor()).as("once more, with nothing to do").isZero();
  }

  @Test
  void severalAtATimeReportTheSame() {
    Path out = folder.resolve("parallel");
    assertThat(lab(out, "--parallel", "3")).isZero();
    assertThat(withoutTimes(results(out))).isEqualTo(withoutTimes(results(whole())));
  }

  @Test
  void aDryRunWritesNothing() {
    Path out = folder.resolve("dry");
    assertThat(lab(out, "--dry-run")).isZero();
    assertThat(out).doesNotExist();
  }

  @Test
  void refusesToWriteOverAnExperiment() {
    assertThat(lab(whole())).isEqualTo(2);
  }

  /** What a model would refuse after its source was trained for hours. */
  @Test
  void refusesAGrowthThatCannotHappenBeforeAnythingIsTrained() throws IOException {
    Path bad = folder.resolve("bad.yaml");
    Files.writeString(bad, Files.readString(yaml).replace("mode: flat", "experts: 3"));
    Path out = folder.resolve("never");
    assertThat(Cambium.execute("lab", bad.toString(), "--out", out.toString())).isEqualTo(2);
    assertThat(out).doesNotExist();
  }

  private static void killAt(Path out, String run, int step) throws Exception {
    Process process = start(out);
    Path metrics = out.resolve("runs").resolve(run).resolve(MetricsLog.FILE_NAME);
    while (process.isAlive()
        && !(Files.exists(metrics)
            && Files.readString(metrics).contains("\"event\":\"train\",\"step\":" + step + ","))) {
      process.waitFor(2, TimeUnit.MILLISECONDS);
    }
    assertThat(process.isAlive()).as(log(out)).isTrue();
    process.destroyForcibly().waitFor();
  }

  private static Process start(Path out) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "io.cambium.cli.Cambium",
            "lab",
            yaml.toString(),
            "--out",
            out.toString(),
            "--resume")
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(out.getFileName() + ".log").toFile())
        .start();
  }

  private static String log(Path out) throws IOException {
    return Files.readString(folder.resolve(out.getFileName() + ".log"));
  }

  private static ObjectNode results(Path out) {
    return Json.readObject(out.resolve("results.json"));
  }

  private static ObjectNode withoutTimes(ObjectNode results) {
    results.findParents("seconds").forEach(run -> ((ObjectNode) run).remove("seconds"));
    return results;
  }
}
