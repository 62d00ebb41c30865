package io.cambium.cli;

import static io.cambium.cli.TinyRun.run;
import static io.cambium.cli.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.lab.experiment.Branching;
import io.cambium.training.config.Group;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** Training runs as a user starts, kills and resumes them, with a growth step on the way. */
class TrainCommandTest {

  private static final int STEPS = 40;
  private static final String LAST = "checkpoints/step-000040";

  @TempDir private static Path folder;

  private static Path yaml = Path.of("");

  @BeforeAll
  static void prepare() throws IOException {
    TinyRun.prepare(folder);
    yaml =
        Files.writeString(
            folder.resolve("run.yaml"),
            """
            model: %s
            data: %s
            steps: %d
            workers: 2
            batch: {sequences: 5, length: 16, micro_batch: 2}
            evaluate: {every: 10, sequences: 3}
            checkpoint: {every: 6, keep: 2}
            alarms: {overload: {max_vio: 0.05, steps: 3}, dead_experts: {steps: 2}}
            release: {window: 0.5, hold: 0.2, agreement: 0.1}
            growth: {at: 13, experts: 7, calibration_batches: 2}
            """
                .formatted(folder.resolve("model"), folder.resolve("corpus"), STEPS));
  }

  /** The arguments that train into a directory, some settings being other than the file's. */
  private static String[] train(Path out, String... settings) {
    String[] args = {"train", yaml.toString(), "--out", out.toString()};
    return with(
        args,
        Stream.of(settings).flatMap(setting -> Stream.of("--set", setting)).toArray(String[]::new));
  }

  private static Path trained(String name, String... settings) {
    Path out = folder.resolve(name);
    run(train(out, settings));
    return out;
  }

  /** No release ends it; nor does the router, which learns nothing, upset the optimizer. */
  @Test
  void aHashRoutedModelStaysOne() throws IOException {
    Path model = folder.resolve("hashed");
    copy(folder.resolve("model"), model);
    Manifest hashed = Manifest.EMPTY.withSelection(Manifest.Selection.hash(3));
    Files.write(model.resolve(Manifest.FILE_NAME), Json.bytes(hashed));
    Path refused = folder.resolve("hashed-and-growing");
    assertThat(Cambium.execute(train(refused, "model=" + model))).isEqualTo(2);
    Path out = trained("hashed-run", "growth=null", "steps=3", "model=" + model);
    assertThat(Manifest.read(out.resolve("checkpoints/step-000003")).orElseThrow().selection())
        .isEqualTo(hashed.selection());
  }

  @Test
  void growsByWhatTheExpertsAreWorthWhenItIsTime() {
    Path out =
        trained(
            "by-utility", "growth.counts=greedy", "growth.score=fisher", "growth.score_batches=2");
    List<Integer> parents =
        Manifest.read(out.resolve(LAST)).orElseThrow().growth().getLast().parents().get(1);
    // The best of 3 experts gets all 4 further copies.
    assertThat(IntStream.range(0, 3).map(e -> Collections.frequency(parents, e)).sorted())
        .containsExactly(1, 1, 5);
    Path refused = folder.resolve("too-few");
    assertThat(Cambium.execute(train(refused, "growth.counts=greedy", "growth.count_cap=1")))
        .isEqualTo(2);
  }

  private static final String[] TWICE = {
    "growth.at=[6, 24]", "growth.experts=[5, 11]", "checkpoint.keep=9"
  };

  private static Path twice() {
    Path out = folder.resolve("twice");
    return Files.exists(out) ? out : trained("twice", TWICE);
  }

  /** To the bit what a run does that grows once, and a second that branches off it and grows. */
  @Test
  void growsTwice() {
    Path twice = twice();
    Path once = trained("once", "growth.at=6", "growth.experts=5", "checkpoint.keep=9");
    Path again =
        trained(
            "again",
            "model=" + once.resolve("checkpoints/step-000024"),
            "branch=true",
            "growth.at=24",
            "growth.experts=11",
            "growth.seed=1");
    assertThat(losses(twice).subList(0, 24)).isEqualTo(losses(once).subList(0, 24));
    assertThat(losses(twice).subList(24, STEPS)).isEqualTo(losses(again));
    assertThat(Manifest.read(twice.resolve(LAST)).orElseThrow().growth())
        .extracting(Manifest.Growth::targetExperts)
        .containsExactly(5, 11);
  }

  /** Between the growths, and while it grows for the second time. */
  @ParameterizedTest
  @ValueSource(ints = {18, 24})
  void goesOnBetweenGrowths(int last) throws IOException {
    Path out = folder.resolve("twice-killed-after-" + last);
    Branching.copy(twice(), out, true);
    for (int step : List.of(24, 30, 36, 40)) {
      if (step > last) {
        StagedDirectory.deleteTree(out.resolve("checkpoints/step-0000" + step));
      }
    }
    Files.deleteIfExists(out.resolve("checkpoints/step-000024-grown/config.json"));
    run(with(train(out, TWICE), "--resume", "--set", "distributed.timeout_minutes=5"));
    assertSameCheckpoint(twice(), out);
    assertThat(out.resolve("run.yaml")).content().contains("timeout_minutes: 5.0");
  }

  /** 3 become 9 in mode wide, and 6 do not. */
  @Test
  void everyGrowthIsCheckedWithWhatTheOneBeforeLeaves() {
    Path refused = folder.resolve("not-wide");
    String[] at = {"growth.at=[6, 24]", "growth.counts=uniform"};
    String[] wide = with(at, "growth.mode=wide", "growth.experts=[6, 9]");
    assertThat(Cambium.execute(train(refused, wide))).isEqualTo(2);
    assertThat(refused).doesNotExist();
    // No expert may have more than 2 further copies, of which 3 experts make no 11.
    trained(
        "capped",
        "growth.at=[6, 24]",
        "growth.experts=[5, 11]",
        "growth.counts=greedy",
        "growth.count_cap=2",
        "growth.score_batches=1");
  }

  private static List<Double> losses(Path run) {
    return MetricsLog.read(run.resolve("metrics.jsonl")).stream()
        .filter(Metric.Train.class::isInstance)
        .map(metric -> ((Metric.Train) metric).loss())
        .toList();
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static Path whole() {
    Path out = folder.resolve("whole");
    return Files.exists(out) ? out : trained("whole");
  }

  private static Path keptAll() {
    Path out = folder.resolve("kept");
    return Files.exists(out) ? out : trained("kept", "checkpoint.keep=9");
  }

  @Test
  void logsEveryStepAndEachEventOnce() {
    List<Metric> metrics = MetricsLog.read(whole().resolve("metrics.jsonl"));
    assertThat(metrics.stream().filter(Metric.Train.class::isInstance).map(Metric::step))
        .hasSize(STEPS)
        .doesNotHaveDuplicates();
    assertThat(metrics.stream().filter(Metric.Growth.class::isInstance)).hasSize(1);
    for (Metric metric : metrics) {
      if (metric instanceof Metric.Growth growth) {
        assertThat(growth.lossAfter()).isEqualTo(growth.lossBefore(), within());
      }
      if (metric instanceof Metric.Train train) {
        train.load().forEach(shares -> assertThat(sum(shares)).isEqualTo(1, within()));
      }
    }
  }

  /** The jump at step 0 is a difference of two evaluations, each with all that one tells. */
  @Test
  void evaluatesRightBeforeAndRightAfterItGrows() {
    List<Metric> growth = growthOf(whole());
    assertThat(growth).hasSize(3);
    assertThat(growth.get(0))
        .isInstanceOfSatisfying(
            Metric.Evaluation.class, before -> assertThat(before.meanLoss()).isEqualTo(jump(1)));
    assertThat(growth.get(2))
        .isInstanceOfSatisfying(
            Metric.Evaluation.class,
            after -> {
              assertThat(after.meanLoss()).isEqualTo(jump(2));
              assertThat(after.routing().share().getFirst().getFirst()).hasSize(7);
              assertThat(after.siblingCoselection()).isZero();
              assertThat(after.release()).isZero();
            });
  }

  /** The loss before the growth, and that after it. */
  private static double jump(int which) {
    Metric.Growth growth = (Metric.Growth) growthOf(whole()).get(1);
    return which == 1 ? growth.lossBefore() : growth.lossAfter();
  }

  /** What a run says at the step at which it grows, but for training and alarms. */
  private static List<Metric> growthOf(Path run) {
    return MetricsLog.read(run.resolve("metrics.jsonl")).stream()
        .filter(metric -> metric.step() == 13)
        .filter(metric -> metric instanceof Metric.Evaluation || metric instanceof Metric.Growth)
        .toList();
  }

  /** After the growth, and after the evaluation that follows it, before the next checkpoint. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void killedWhileItGrowsSaysNothingTwice(int said) throws IOException {
    Path out = folder.resolve("killed-after-" + said);
    Branching.copy(keptAll(), out, true);
    for (String checkpoint : List.of("13-grown", "18", "24", "30", "36", "40")) {
      StagedDirectory.deleteTree(out.resolve("checkpoints/step-0000" + checkpoint));
    }
    Path log = out.resolve("metrics.jsonl");
    List<String> lines = Files.readAllLines(log);
    int grown = 0;
    while (!lines.get(grown).contains("\"event\":\"growth\"")) {
      grown++;
    }
    Files.write(log, lines.subList(0, grown + said - 1));
    run(with(train(out, "checkpoint.keep=9"), "--resume"));
    assertThat(growthOf(out)).isEqualTo(growthOf(keptAll()));
    assertSameCheckpoint(out);
  }

  private static double sum(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum();
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset(1e-5);
  }

  @Test
  void killedThreeTimesEndsWithTheSameBytes() throws Exception {
    Path out = folder.resolve("killed");
    SplittableRandom random = new SplittableRandom(20);
    int third = STEPS / 3;
    for (int kill = 0; kill < 3; kill++) {
      long step = (long) kill * third + 1 + random.nextInt(third - 3);
      Process process = start(out, kill > 0);
      awaitStep(process, out, step);
      process.destroyForcibly().waitFor();
    }
    assertThat(start(out, true).waitFor()).isZero();
    assertSameCheckpoint(out);
    assertThat(alarms(out)).isNotEmpty().isEqualTo(alarms(whole()));
  }

  private static List<Metric> alarms(Path out) {
    return MetricsLog.read(out.resolve("metrics.jsonl")).stream()
        .filter(Metric.Alarm.class::isInstance)
        .toList();
  }

  @Test
  void anAlarmThatStopsTheRunSavesFirst() {
    Path out = folder.resolve("stopped");
    String error = errorOf(1, train(out, "alarms.overload.stop=true"));
    Metric.Alarm alarm = (Metric.Alarm) alarms(out).getLast();
    assertThat(error)
        .contains("error: step " + alarm.step() + ": stopped by the alarm overload: MaxVio above")
        .contains("--resume goes on");
    assertThat(out.resolve("checkpoints/step-%06d".formatted(alarm.step()))).isDirectory();
    assertThat(MetricsLog.read(out.resolve("metrics.jsonl")).getLast().step())
        .isEqualTo(alarm.step());
  }

  @Test
  void evaluationsTellTheHealthOfEachLayer() {
    boolean grown = false;
    for (Metric metric : MetricsLog.read(whole().resolve("metrics.jsonl"))) {
      grown |= metric instanceof Metric.Growth;
      if (metric instanceof Metric.Evaluation evaluation) {
        for (LayerHealth layer : evaluation.health()) {
          assertThat(layer.siblings() != null).isEqualTo(grown);
          // Nobody can be less sure than one who has no preference among 7 experts.
          assertThat(layer.routerEntropy()).isBetween(0.0, Math.log(grown ? 7 : 3) + 1e-6);
        }
        if (grown) {
          assertThat(mean(evaluation, LayerHealth.Siblings::coselection))
              .isEqualTo(Objects.requireNonNull(evaluation.siblingCoselection()), within());
          // Of two choices.
          assertThat(mean(evaluation, LayerHealth.Siblings::distinctLineages))
              .isEqualTo(2 - evaluation.siblingCoselection(), within());
          assertThat(mean(evaluation, LayerHealth.Siblings::cosine)).isBetween(0.5, 1.0);
        }
      }
    }
  }

  private static double mean(
      Metric.Evaluation evaluation, ToDoubleFunction<LayerHealth.Siblings> value) {
    return evaluation.health().stream()
        .map(layer -> Objects.requireNonNull(layer.siblings()))
        .mapToDouble(value)
        .average()
        .orElseThrow();
  }

  @Test
  void killedBeforeItsFirstCheckpointBeginsAnew() throws Exception {
    Path out = folder.resolve("early");
    String[] seldom = {"checkpoint.every=1000", "growth.at=20"};
    Process process = start(out, false, seldom);
    awaitStep(process, out, 2);
    process.destroyForcibly().waitFor();
    assertThat(out.resolve("checkpoints")).isEmptyDirectory();
    assertThat(start(out, true, seldom).waitFor()).isZero();
    Path other = folder.resolve("undisturbed");
    assertThat(start(other, false, seldom).waitFor()).isZero();
    assertSameCheckpoint(other, out);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "growth.experts=3 | 3 are no more than the 3 the model has",
        "growth.mode=wide | 7 give unequal counts",
        "growth={at: 13, experts: 7, mode: flat, replicas: drop, replica_amount: 0.01}"
            + " | 0.01 redraws none of 8 neurons",
        "growth.rows=copy | equal rows in mode lineage"
      })
  void refusesAGrowthThatCannotHappenAndLeavesNothing(String setting, String message) {
    assertRefused(message, setting);
  }

  private static void assertRefused(String message, String... settings) {
    Path out = folder.resolve("never");
    assertThat(errorOf(2, train(out, settings))).contains(message);
    assertThat(out).doesNotExist();
  }

  @Test
  void saysOnceThatItTrainsWithoutDropout() throws IOException {
    Path model = folder.resolve("dropped");
    copy(folder.resolve("model"), model);
    Path config = model.resolve("config.json");
    ObjectNode json = Json.readObject(config).put("attention_dropout", 0.1);
    Files.write(config, Json.bytes(json));
    String[] args =
        train(folder.resolve("dropped-run"), "growth=null", "steps=3", "model=" + model);
    String warning = "warning: the model's config.json has \"attention_dropout\": 0.1, which";
    assertThat(errorOf(0, args)).containsOnlyOnce(warning);
    assertThat(errorOf(0, with(args, "--resume"))).doesNotContain("warning");
  }

  @Test
  void refusesToGrowAModelBeforeItsLastGrowthIsReleased() {
    Path model = folder.resolve("cold-model");
    run("upcycle", folder.resolve("model").toString(), model.toString(), "--experts", "5");
    assertRefused(
        "is step 13, but the model's last growth is released by step 20", "model=" + model);
  }

  @Test
  void keepsOthersOutAndSavesWhenTerminated() throws Exception {
    Path out = folder.resolve("terminated");
    Process process = start(out, false);
    awaitStep(process, out, 15);
    assertThat(errorOf(2, with(train(out), "--resume")))
        .contains("is being trained by another program");
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(143);
    List<Metric> metrics = MetricsLog.read(out.resolve("metrics.jsonl"));
    String last = "step-%06d".formatted(metrics.getLast().step());
    assertThat(out.resolve("checkpoints").resolve(last)).isDirectory();
    run(with(train(out), "--resume"));
    assertSameCheckpoint(out);
  }

  /** As on a full disk: no file may become as large as the grown model's moments. */
  @Test
  void aCheckpointThatCannotBeWrittenLosesNoneBefore() throws Exception {
    Path out = folder.resolve("full");
    String keep = "checkpoint.keep=9";
    Path moments = Path.of("training/optimizer.safetensors");
    long largest = Files.size(keptAll().resolve("checkpoints/step-000013").resolve(moments));
    String limit = "ulimit -f " + Math.ceilDiv(largest, 1024);
    List<String> limited = List.of("bash", "-c", limit + "; exec \"$0\" \"$@\"");
    assertThat(start(limited, out, false, keep).waitFor()).isEqualTo(1);
    // A run goes on from its checkpoint; what the growth has written is of no use.
    assertThat(Files.readString(folder.resolve("full.log")))
        .contains("cannot be written")
        .doesNotContain("what was written is in");
    try (Stream<Path> left = Files.list(out.resolve("checkpoints"))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("step-000006", "step-000012", "step-000013");
    }
    assertThat(start(out, true, keep).waitFor()).isZero();
    assertSameCheckpoint(out);
  }

  private static void assertSameCheckpoint(Path out) throws IOException {
    assertSameCheckpoint(whole(), out);
  }

  private static void assertSameCheckpoint(Path whole, Path out) throws IOException {
    try (Stream<Path> files = Files.walk(whole.resolve(LAST))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        Path other = out.resolve(LAST).resolve(whole.resolve(LAST).relativize(file));
        assertThat(Files.mismatch(file, other)).as(other.toString()).isEqualTo(-1);
      }
    }
  }

  private static Process start(Path out, boolean resume, String... settings) throws IOException {
    return start(List.of(), out, resume, settings);
  }

  private static Process start(List<String> shell, Path out, boolean resume, String... settings)
      throws IOException {
    String[] args = resume ? with(train(out, settings), "--resume") : train(out, settings);
    return TinyRun.process(shell, log(out), args).start();
  }

  private static Path log(Path out) {
    return folder.resolve(out.getFileName() + ".log");
  }

  private static void awaitStep(Process process, Path out, long step) throws Exception {
    TinyRun.awaitStep(process, out, step, log(out));
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRun() {
    Path out = folder.resolve("diverged");
    assertThat(errorOf(1, train(out, "optimizer.learning_rate=1e30", "growth=null")))
        .contains("error: step ")
        .contains("the last good checkpoint is ")
        .contains("lower optimizer.learning_rate (now 1.0E30)");
  }

  @Test
  void plansItsMemoryAndIsRefusedWhereThatIsNotThere() {
    Path out = folder.resolve("large");
    assertThat(errorOf(2, with(train(out), "--memory", "100MB")))
        .contains("memory at most", "growing", "from step 13")
        .containsPattern("error: memory: the run needs [0-9]+ MB .*, but 100 MB are there")
        .contains("give --memory");
    assertThat(out).doesNotExist();
  }

  @Test
  void keepsTheBestCheckpointBesideTheNewest() throws IOException {
    Path out =
        trained(
            "best",
            "growth=null",
            "steps=12",
            "evaluate.every=2",
            "checkpoint={every: 2, keep: 1, best: 1}",
            "optimizer.learning_rate=0.5",
            "mix={digits: 1}");
    long best =
        MetricsLog.read(out.resolve("metrics.jsonl")).stream()
            .filter(Metric.Evaluation.class::isInstance)
            .map(Metric.Evaluation.class::cast)
            .min(Comparator.comparingDouble(Metric.Evaluation::meanLoss))
            .orElseThrow()
            .step();
    try (Stream<Path> left = Files.list(out.resolve("checkpoints"))) {
      assertThat(left.map(path -> path.getFileName().toString()).distinct())
          .containsOnly("step-000012", "step-%06d".formatted(best));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"router", "experts", "norm"})
  void whatIsFrozenKeepsEveryByteAndHasNoMoments(String group) {
    Path out = trained("only-" + group, "growth=null", "steps=3", "groups.train=[" + group + "]");
    Path last = out.resolve("checkpoints/step-000003");
    try (CheckpointDirectory before = CheckpointDirectory.open(folder.resolve("model"));
        CheckpointDirectory after = CheckpointDirectory.open(last);
        SafetensorsFile moments =
            SafetensorsFile.open(last.resolve("training/optimizer.safetensors"))) {
      for (ModelTensor tensor : before.tensors()) {
        boolean trained = Group.of(tensor.part()).toString().equals(group);
        assertThat(before.data(tensor.name()).mismatch(after.data(tensor.name())) >= 0)
            .as(tensor.name())
            .isEqualTo(trained);
        assertThat(moments.tensors().containsKey(tensor.name() + ".exp_avg"))
            .as(tensor.name())
            .isEqualTo(trained && tensor.part() != Part.SELECTION_BIAS);
      }
    }
  }

  /** Growth after step 13 is released until step 27. */
  @Test
  void exportsThePlainModelButNotOneInTheMiddleOfARelease() throws IOException {
    Path plain = folder.resolve("plain");
    run("export", whole().toString(), plain.toString());
    assertThat(plain.resolve("training")).doesNotExist();
    assertThat(plain.resolve("tokenizer.json")).exists();
    Path last = whole().resolve(LAST);
    String weights = "model.safetensors";
    assertThat(Files.mismatch(plain.resolve(weights), last.resolve(weights))).isEqualTo(-1);
    Path released = keptAll().resolve("checkpoints/step-000018");
    assertThat(errorOf(2, "export", released.toString(), folder.resolve("no").toString()))
        .contains("is in the middle of the release of a lineage growth")
        .contains("export a checkpoint from step 27 on");
    assertThat(folder.resolve("no")).doesNotExist();
  }

  @Test
  void refusesToWriteOverARun() {
    assertThat(errorOf(2, train(whole()))).contains("exists already").contains("--resume");
  }

  @Test
  void refusesToResumeWithOtherSettings() {
    assertThat(errorOf(2, with(train(whole(), "seed=7"), "--resume")))
        .contains("is not the configuration that was given:\n  seed: 0, now 7\n");
  }

  @Test
  void refusesATokenizerThatDoesNotFitAndLeavesNothing() {
    Path small = folder.resolve("small");
    run("init", small.toString(), "--hidden", "16", "--experts", "3", "--vocab", "100");
    Path out = folder.resolve("unfit");
    assertThat(errorOf(1, train(out, "model=" + small))).contains("270").contains("100");
    assertThat(out).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"flat", "cold", "wide"})
  void growsInEveryMode(String mode) {
    Path out = trained(mode, "growth.mode=" + mode, "growth.experts=6");
    run("inspect", out.resolve(LAST).toString());
  }

  private static String errorOf(int exitCode, String... args) {
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Consumer<PrintStream> redirect = System::setErr;
    redirect.accept(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      assertThat(Cambium.execute(args)).isEqualTo(exitCode);
    } finally {
      redirect.accept(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
