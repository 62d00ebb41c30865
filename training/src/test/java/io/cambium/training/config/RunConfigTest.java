package io.cambium.training.config;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.ScheduleConfig.Form;
import io.cambium.training.config.ScheduleConfig.Restart;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigTest {

  private static final String SMALLEST =
      """
      model: a/checkpoint
      data: a/corpus
      steps: 1000
      """;

  @TempDir private Path directory;

  @Test
  void defaultsFillWhatIsLeftOut() throws IOException {
    RunConfig config = read(SMALLEST + "batch: {length: 128}\ngrowth: {experts: 20}\n");
    assertThat(config.batch()).isEqualTo(new BatchConfig(16, 128, 8, false, false));
    assertThat(config.optimizer()).isEqualTo(OptimizerConfig.DEFAULT);
    GrowthConfig growth = requireNonNull(config.growth());
    assertThat(growth.experts()).containsExactly(20);
    assertThat(growth.mode()).isEqualTo(Mode.LINEAGE);
    assertThat(config.workers()).isBetween(1, 16);
    assertThat(config.model()).isAbsolute().endsWithRaw(Path.of("a/checkpoint"));
    assertThat(read(SMALLEST).growth()).isNull();
  }

  @Test
  void derivesFigures() throws IOException {
    RunConfig config = read(SMALLEST + "growth: {}\n");
    assertThat(config.tokensPerStep()).isEqualTo(4096);
    assertThat(config.totalTokens()).isEqualTo(4_096_000);
    assertThat(config.schedule().warmupSteps(1000)).isEqualTo(20);
    assertThat(config.schedule().decayStart(1000)).isEqualTo(900);
    GrowthConfig growth = requireNonNull(config.growth());
    assertThat(config.growths()).containsExactly(new GrowthConfig.Stage(0, 330, 32));
    assertThat(growth.releases()).isTrue();
    assertThat(config.release().windowSteps(670)).isEqualTo(134);
    assertThat(config.release().holdSteps(670)).isEqualTo(27);
  }

  /** docs/train.md shows every setting with its default. */
  @Test
  void documentationShowsTheDefaults() throws IOException {
    String page = Files.readString(Path.of("../docs/train.md"));
    String shown = page.replaceAll("(?s).*```yaml\n(.*?)```.*", "$1");
    String said = "model: models/small\ndata: corpora/demo\nsteps: 1000\nworkers: 2\ngrowth: {}\n";
    assertThat(read(shown)).isEqualTo(read(said));
    Path complete = directory.resolve("complete.yaml");
    read(said).write(complete);
    assertThat(keys(shown)).isEqualTo(keys(Files.readString(complete)));
  }

  @Test
  void scheduleDefaultsDependOnTheForm() throws IOException {
    ScheduleConfig phases = read(SMALLEST, "schedule={form: three_phase, decay: 0.3}").schedule();
    assertThat(phases)
        .isEqualTo(new ScheduleConfig(Form.THREE_PHASE, 0.05, 0.3, 0.1, Restart.CONTINUE));
    ScheduleConfig cosine = read(SMALLEST, "schedule={form: cosine, warmup: 0.1}").schedule();
    assertThat(cosine.decayStart(1000)).isEqualTo(100);
  }

  @Test
  void aRestartMovesTheDecay() throws IOException {
    RunConfig config = read(SMALLEST, "growth={at: 600}");
    assertThatThrownBy(() -> read(SMALLEST, "growth={at: 600}", "schedule.decay=0.4"))
        .hasMessageContaining("decays from 600");
    RunConfig again = read(SMALLEST, "growth={at: 600}", "schedule={decay: 0.4, restart: rewarm}");
    assertThat(config.schedule().decayStart(1000, 600)).isEqualTo(900);
    assertThat(again.schedule().decayStart(1000, 600)).isEqualTo(840);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sparse-upcycling", "growth", "routers-first"})
  void examplesAreValid(String name) {
    RunConfig config = RunConfig.read(Path.of("../examples", name + ".yaml"), List.of());
    assertThat(config.steps()).isPositive();
  }

  @Test
  void refusesAReleaseThatTheDecayWouldCut() {
    assertThatThrownBy(() -> read(SMALLEST + "growth: {}\n", "release.window=0.9"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(
            "growth at step 330 of 1000 is released by step 933, after the learning rate decays"
                + " from 900\n  -> lower it to 0.850 or less, or grow earlier");
  }

  private static Set<String> keys(String yaml) {
    return Pattern.compile("(?m)^ *([a-z_]+):")
        .matcher(yaml)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toSet());
  }

  @Test
  void groupsTakeTheirDefaultsOneByOne() throws IOException {
    GroupsConfig groups =
        read(SMALLEST, "groups={train: [experts, router], router: {rate: 3}}").groups();
    assertThat(groups.train()).containsExactly(Group.ROUTER, Group.EXPERTS);
    assertThat(groups.router()).isEqualTo(new GroupConfig(3, 1));
    assertThat(groups.experts()).isEqualTo(GroupConfig.DEFAULT);
    assertThatThrownBy(() -> read(SMALLEST, "growth={}", "groups.train=[router]"))
        .hasMessageContaining("groups.train: leaves groups out, but a growth carries");
  }

  @Test
  void growthStepMayBeAbsoluteAndFlatHasNothingToRelease() throws IOException {
    GrowthConfig growth = requireNonNull(read(SMALLEST + "growth: {at: 7, mode: flat}\n").growth());
    assertThat(growth.stages(1000)).containsExactly(new GrowthConfig.Stage(0, 7, 32));
    assertThat(growth.releases()).isFalse();
  }

  @Test
  void aRunMayGrowSeveralTimes() throws IOException {
    RunConfig config = read(SMALLEST + "growth: {at: [0.1, 400], experts: [12, 20], seed: 5}\n");
    assertThat(config.growths())
        .containsExactly(new GrowthConfig.Stage(0, 100, 12), new GrowthConfig.Stage(1, 400, 20));
    GrowthConfig growth = requireNonNull(config.growth());
    assertThat(config.growths())
        .extracting(stage -> growth.options(stage, new Counts.Uniform()).seed())
        .containsExactly(5L, 6L); // or both would draw the same directions
    Path resolved = directory.resolve("resolved.yaml");
    config.write(resolved);
    assertThat(RunConfig.read(resolved, List.of())).isEqualTo(config);
  }

  @Test
  void growthDefaultsDependOnTheMode() throws IOException {
    GrowthOptions lineage = growthOptions("{}");
    assertThat(lineage.rows()).isEqualTo(Rows.SPLIT);
    assertThat(lineage.rowDelta()).isEqualTo(0.6);
    assertThat(lineage.biasNoise()).isZero();
    GrowthOptions flat = growthOptions("{mode: flat, replicas: drop, seed: 3}");
    assertThat(flat.rows()).isEqualTo(Rows.COPY);
    assertThat(flat.biasNoise()).isEqualTo(1e-3);
    assertThat(flat.replicas().amount()).isEqualTo(0.5);
    assertThat(flat.seed()).isEqualTo(3);
    assertThat(growthOptions("{mode: cold}").rowDelta()).isZero();
    assertThat(growthOptions("{rows: antithetic, row_delta: 1}").rowDelta()).isEqualTo(1);
  }

  @Test
  void writtenConfigurationReadsBackEqual() throws IOException {
    RunConfig config =
        read(
            SMALLEST
                + """
                seed: 9223372036854775807
                workers: 3
                optimizer: {learning_rate: 1e-3, epsilon: 1.0e-12}
                growth: {at: 0.3333333333333333, mode: cold, seed: -1}
                """);
    Path resolved = directory.resolve("resolved.yaml");
    config.write(resolved);
    assertThat(RunConfig.read(resolved, List.of())).isEqualTo(config);
    assertThat(Files.readString(resolved))
        .contains("learning_rate: 0.001", "mode: cold", "rows: copy", "row_delta: 0.0")
        .contains("experts: 32\n"); // one by itself, as most people write it
  }

  @Test
  void overridesReplaceAddAndRemove() throws IOException {
    RunConfig config =
        read(
            SMALLEST + "growth: {experts: 16}\n",
            "batch.sequences=32",
            "optimizer.betas=[0.8, 0.9]",
            "growth=null",
            "data=another corpus");
    assertThat(config.batch().sequences()).isEqualTo(32);
    assertThat(config.optimizer().betas()).containsExactly(0.8, 0.9);
    assertThat(config.growth()).isNull();
    assertThat(config.data()).endsWithRaw(Path.of("another corpus"));
    assertThat(read(SMALLEST, "growth.experts=12").growth()).isNotNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "optimizer.lerning_rate=1|optimizer.lerning_rate: unknown; did you mean learning_rate?",
        "learning_rate=1|learning_rate: unknown; did you mean optimizer.learning_rate?",
        "batsh.length=1|batsh: unknown; did you mean batch?",
        "colour=red|colour: unknown -> known here: model, data, sources, mix, seed",
        "steps=ten|steps: is \"ten\", not a whole number",
        "steps='10'|steps: is \"10\", not a whole number",
        "steps=1.5|steps: is 1.5, not a whole number",
        "steps=9999999999|steps: ",
        "steps=0|steps: is 0 -> must be 1 or more",
        "steps=|--set steps=: has no value",
        "steps|--set steps: is not path.to.key=value",
        "batch..length=1|--set batch..length=1: is not path.to.key=value",
        "steps.a=1|--set steps.a=1: steps is 1000, not a section",
        "steps=[|--set steps=[: the value is not valid YAML",
        "model=null|model: is empty, not text",
        "batch=3|batch: is 3, not a section with sequences, length, micro_batch, separate_documents,",
        "batch.micro_batch=17|batch.micro_batch: is 17, but a step has only 16 sequences",
        "batch.sequences=3000000000|batch.sequences: ",
        "workers=17|workers: 17 workers have only 16 sequences to share",
        "optimizer.betas=[0.9]|optimizer.betas: has 1 values",
        "optimizer.betas=[0.9, 1]|optimizer.betas: is 1.0",
        "optimizer.betas=[0.9, x]|optimizer.betas: is [0.9,\"x\"], not a number or a list such as [0.9,0.95]",
        "groups.train=[rooter]|groups.train: is \"rooter\" -> one of [embedding, head, norm, attention,",
        "groups.train=[]|groups.train: names no group",
        "groups.router.rate=0|groups.router.rate: is 0.0 -> must be above 0",
        "optimizer.learning_rate=.nan|optimizer.learning_rate: is NaN -> must be above 0",
        "optimizer.learning_rate=.inf|optimizer.learning_rate: is Infinity",
        "schedule={warmup: 0.5, decay: 0.6}|schedule: warmup 0.5 and decay 0.6 are more than",
        "balance.aux_form=switch|balance.aux_form: is \"switch\" -> one of [per_layer, pooled,"
            + " sequence]",
        "growth.mode=falt|growth.mode: is \"falt\" -> one of [flat, lineage, cold, wide]",
        "growth.rows=copy|growth.rows: equal rows in mode lineage never part the siblings",
        "growth={mode: cold, rows: split}|rows: split would change the originals' rows",
        "growth.bias_noise=0.1|would pick one sibling for all tokens in mode lineage",
        "growth.rows=3|growth.rows: is 3, not text",
        "growth.at=1.5|growth.at: is 1.5 -> write a share of all steps, below 1, or a whole",
        "growth.at=1000|growth.at: is step 1000 of 1000",
        "growth.at=0.0001|growth.at: is step 0 of 1000",
        "growth.at=later|growth.at: is \"later\", not a number or a list such as [0.2,0.4]",
        "growth.at=[0.2, 0.5]|growth.at: has 2, growth.experts 1 -> give one of each",
        "growth={at: [], experts: []}|growth: never happens",
        "growth.experts=16.5|growth.experts: is 16.5, not a whole number or a list such as [16,32]",
        "growth={at: [0.2, 0.1], experts: [16, 32]}|growth: to 32 experts at step 100 comes after",
        "growth={at: [0.1, 0.5], experts: [16, 16]}|growth: to 16 experts at step 500 comes after",
        "growth={at: [0.1, 0.2], experts: [16, 32]}|growth.at: is step 200, but the growth at step"
            + " 100 is released by step 280 -> grow later, or lower release.window",
        "growth={at: [0.1, 950], experts: [16, 32]}|decays from 900 -> grow earlier",
        "optimizer.betas=0.9|optimizer.betas: has 1 values",
        "alarms.loss_spike.windo=5|alarms.loss_spike.windo: unknown; did you mean window?",
        "alarms.loss_spike.deviations=0|alarms.*_spike.deviations: is 0.0 -> must be above 0",
        "alarms.overload.stop=1|alarms.overload.stop: is 1, not",
        "alarms.coselection=5|alarms.coselection: is 5, not a section with fall, tolerated",
        "release.window=1.1|release.window: is 1.1 -> must lie between 0 and 1",
        "release.agreement=-0.1|release.agreement: is -0.1",
        "growth.at=950|decays from 900 -> grow earlier, before step 900, or lower schedule.decay",
        "schedule.form=cosin|schedule.form: is \"cosin\" -> one of [wsd, cosine, three_phase]",
      })
  void refusesWithPathAndRemedy(String override, String message) {
    assertThatThrownBy(() -> read(SMALLEST, override))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(directory.resolve("run.yaml") + ": ")
        .hasMessageContaining(message.replace(" -> ", "\n  -> "));
  }

  @Test
  void aSettingInsideASectionsSectionLeavesItsNeighbours() throws IOException {
    AlarmConfig alarms = read(SMALLEST, "alarms.loss_spike.stop=true").alarms();
    assertThat(alarms.lossSpike()).isEqualTo(new AlarmConfig.Spike(100, 10, 0.1, true));
    assertThat(alarms.gradientSpike()).isEqualTo(AlarmConfig.DEFAULT.gradientSpike());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model: a|data: is missing",
        "''|holds no settings",
        "- 1|holds no settings",
        "'model: [a'|is not valid YAML",
        "'{steps: 1, steps: 2}'|is not valid YAML: Duplicate",
      })
  void refusesBrokenFiles(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesAMissingFile() {
    assertThatThrownBy(() -> RunConfig.read(directory.resolve("none.yaml"), List.of()))
        .isInstanceOf(CambiumException.class)
        .hasMessageContaining("none.yaml: no such file");
  }

  @Test
  void sequencesMustFitTheModelsPositions() {
    BatchConfig.DEFAULT.requireFits(256);
    assertThatThrownBy(() -> BatchConfig.DEFAULT.requireFits(255))
        .hasMessageContaining("batch.length: is 256, but the model has 255 positions");
  }

  private GrowthOptions growthOptions(String section) throws IOException {
    return requireNonNull(read(SMALLEST + "growth: " + section).growth()).options();
  }

  private RunConfig read(String yaml, String... overrides) throws IOException {
    Path file = Files.writeString(directory.resolve("run.yaml"), yaml);
    return RunConfig.read(file, List.of(overrides));
  }
}
