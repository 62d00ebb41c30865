package io.cambium.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.experiment.Experiment;
import io.cambium.lab.experiment.ExperimentPlan;
import io.cambium.lab.experiment.PlannedRun;
import io.cambium.training.metrics.Metric;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands on a terminal while an experiment is trained. */
class LabProgressTest {

  private static final Pattern UP = Pattern.compile("\033\\[(\\d+)F\033\\[J");

  @TempDir private Path folder;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;

  private ExperimentPlan plan(String arms) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("e.yaml"),
            """
            base: {model: {experts: 4}, data: corpus, steps: 100, growth: {at: 30, experts: 8}}
            seeds: [1]
            arms: {%s}
            """
                .formatted(arms));
    return ExperimentPlan.of(Experiment.read(file), folder.resolve("out"));
  }

  private LabProgress progress(ExperimentPlan plan, int columns) {
    return new LabProgress(plan, new PrintStream(bytes, true, UTF_8), () -> columns, () -> now);
  }

  private void after(double seconds) {
    now += (long) (seconds * Duration.ofSeconds(1).toNanos());
  }

  private static Metric.Train step(long step) {
    return new Metric.Train(
        step, step * 512, 5.4321, 1e-3, 1, 12_345, step, List.of(), List.of(), List.of());
  }

  /** What is printed, with the cursor moved as a terminal that is high enough does. */
  private List<String> screen() {
    List<String> lines = new ArrayList<>();
    String rest = bytes.toString(UTF_8);
    while (!rest.isEmpty()) {
      MatchResult up = UP.matcher(rest).results().findFirst().orElse(null);
      String text = up == null ? rest : rest.substring(0, up.start());
      lines.addAll(text.lines().toList());
      if (up == null) {
        break;
      }
      int kept = lines.size() - Integer.parseInt(up.group(1));
      lines.subList(kept, lines.size()).clear();
      rest = rest.substring(up.end());
    }
    return lines;
  }

  @Test
  void theTableStandsBelowWhatWasSaid() throws IOException {
    ExperimentPlan plan = plan("fixed: {}, large: {model: {experts: 8}}, grown: {growth: {}}");
    LabProgress progress = progress(plan, 80);
    List<PlannedRun> runs = plan.runs();
    progress.finished(runs.get(0)); // at an earlier time
    progress.begins(runs.get(1), 0);
    for (int step = 1; step <= 20; step++) {
      after(0.5);
      progress.metric(runs.get(1), step(step));
    }
    assertThat(screen())
        .containsExactly(
            "fixed, seed 1: done",
            "large, seed 1: begins",
            "run                            step    loss  validation  tokens/s",
            "fixed, seed 1      done  100 of 100",
            "large, seed 1  training   20 of 100  5.4321                12,345",
            "grown, seed 1   waiting   30 of 100",
            "1 of 3 runs done, 150 steps to train, about 1:15 left");
    progress.begins(runs.get(2), 30);
    progress.begins(runs.get(2), 45);
    assertThat(screen())
        .contains("grown, seed 1: begins after step 30", "grown, seed 1: goes on after step 45");
    progress.failed(runs.get(1), new UsageException("there", "went wrong", "mend it"));
    progress.close();
    assertThat(screen())
        .contains("large, seed 1: failed: there: went wrong", "  -> mend it")
        .endsWith("1 of 3 runs done, 1 failed, 55 steps to train, about 0:28 left");
  }

  @Test
  void namesGiveWayToFigures() throws IOException {
    ExperimentPlan plan = plan("an-arm-with-quite-a-long-name-for-a-terminal: {}, b: {}");
    LabProgress progress = progress(plan, 70);
    progress.begins(plan.runs().getFirst(), 0);
    after(1);
    progress.metric(plan.runs().getFirst(), step(7));
    assertThat(screen().subList(1, screen().size()))
        .allSatisfy(line -> assertThat(line.length()).isLessThan(70))
        .anyMatch(line -> line.matches("an-arm-w.*\\.\\., seed 1 .* 7 of 100  5\\.4321 .*12,345"));
  }

  @Test
  void ofManyRunsOnlyThoseThatTrainAreListed() throws IOException {
    StringBuilder arms = new StringBuilder("a0: {}");
    for (int i = 1; i < 20; i++) {
      arms.append(", a%d: {set: {optimizer.learning_rate: %d.0e-5}}".formatted(i, i));
    }
    ExperimentPlan plan = plan(arms.toString());
    LabProgress progress = progress(plan, 80);
    progress.begins(plan.runs().get(3), 0);
    assertThat(screen()).hasSize(1 + 1 + 1 + 1).anyMatch(line -> line.startsWith("a3, seed 1 "));
    progress.finished(plan.runs().get(3));
    progress.close();
    assertThat(screen())
        .containsExactly(
            "a3, seed 1: begins", "a3, seed 1: done", "1 of 20 runs done, 1,900 steps to train");
  }
}
