package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.lab.live.LiveRun;
import io.cambium.lab.live.Snapshot;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WatchScreenTest {

  private static final Ink PLAIN = new Ink(false);

  @TempDir private Path directory;

  @BeforeEach
  void begin() throws IOException {
    Files.writeString(directory.resolve("run.yaml"), "model: m\ndata: d\nsteps: 400\n");
  }

  @ParameterizedTest
  @CsvSource({"80, 24, 3, 8", "120, 40, 3, 32", "80, 24, 47, 256", "40, 12, 1, 1", "20, 5, 2, 3"})
  void aFrameFitsItsScreen(int width, int height, int layers, int experts) {
    write(100, layers, experts);
    List<String> lines = new WatchScreen(snapshot(), width, height, PLAIN).lines("running");
    assertThat(lines).hasSizeLessThanOrEqualTo(height);
    if (width >= 80) {
      assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(width));
    }
  }

  @Test
  void aFrameHasAllThatMatters() {
    write(100, 3, 8);
    String frame = frame(80, 24);
    assertThat(frame)
        .contains("step 100 of 400  25 %  5:00 left")
        .contains("validation 4.2500")
        .contains("1,000 tokens/s")
        .contains("domains  gloss 4.500  java 4.000")
        .contains("3 layers, 3 uneven: MaxVio 1.00, CV 0.50, load 0.00-2.00, 3 dead, entropy 1.50")
        .contains("siblings: 0.25 of the tokens choose two")
        .contains("layer   2 ")
        .contains("1 dead")
        .contains("step 50: grown from 4 to 8 experts (flat)")
        .contains("ALARM dead_experts, step 90: dead for 9 steps");
  }

  @Test
  void coloursAddNothingButColours() {
    write(100, 3, 8);
    List<String> coloured = new WatchScreen(snapshot(), 80, 24, new Ink(true)).lines("running");
    assertThat(String.join("\n", coloured).replaceAll("\033\\[[0-9;]*m", ""))
        .isEqualTo(frame(80, 24));
  }

  @Test
  void aRunWithoutAStepSaysSo() {
    MetricsLog.create(directory.resolve(MetricsLog.FILE_NAME)).close();
    assertThat(frame(80, 24)).contains("no step yet");
  }

  @Test
  void watchPrintsAFrameAndFollowsAFinishedRunToItsEnd() {
    write(400, 3, 8);
    assertThat(Cambium.execute("watch", directory.toString(), "--once")).isZero();
    assertThat(Cambium.execute("watch", directory.toString())).isZero();
    assertThat(Cambium.execute("watch", directory.resolve("none").toString())).isEqualTo(2);
  }

  private String frame(int width, int height) {
    return String.join("\n", new WatchScreen(snapshot(), width, height, PLAIN).lines("running"));
  }

  private Snapshot snapshot() {
    LiveRun run = new LiveRun(directory);
    run.poll(event -> {});
    return run.snapshot();
  }

  private void write(int steps, int layers, int experts) {
    try (MetricsLog log = MetricsLog.create(directory.resolve(MetricsLog.FILE_NAME))) {
      for (int step = 1; step <= steps; step++) {
        log.append(train(step, layers, experts));
        if (step % 50 == 0) {
          log.append(evaluation(step, layers));
        }
        if (step == 50) {
          log.append(new Metric.Growth(step, step * 1000L, "flat", "copy", 4, 8, 4.5, 4.75, 0));
        }
        if (step == 90) {
          log.append(
              new Metric.Alarm(
                  step, step * 1000L, "dead_experts", "dead for 9 steps", "x", where(), false));
        }
      }
    }
  }

  private static TreeMap<Integer, List<Integer>> where() {
    return new TreeMap<>(Map.of(1, List.of(0)));
  }

  /** A step a second; the first expert of each layer is dead, the others have the same load. */
  private static Metric.Train train(int step, int layers, int experts) {
    double[] load_E =
        IntStream.range(0, experts)
            .mapToDouble(e -> e == 0 && experts > 1 ? 0 : 1.0 / Math.max(1, experts - 1))
            .toArray();
    int[] all = IntStream.range(0, experts).toArray();
    List<Double> shares = IntStream.range(0, experts).mapToObj(e -> load_E[e]).toList();
    return new Metric.Train(
        step,
        step * 1000L,
        9 - step * 0.01,
        1e-3,
        0.5,
        1000,
        step,
        Collections.nCopies(layers, 0.1),
        Collections.nCopies(layers, Balance.of(load_E, all)),
        Collections.nCopies(layers, shares));
  }

  private static Metric.Evaluation evaluation(int step, int layers) {
    LayerHealth health =
        new LayerHealth(
            new Balance(1, 0.5, 0, List.of(0)),
            1.5,
            new LayerHealth.Siblings(4, 0.25, 1.75, 0.99, 0.1, List.of(0, 4)));
    List<Integer> indices = IntStream.rangeClosed(1, layers).boxed().toList();
    return new Metric.Evaluation(
        step,
        step * 1000L,
        new TreeMap<>(Map.of("gloss", 4.5, "java", 4.0)),
        4.25,
        0.25,
        new Metric.Routing(indices, List.of(), List.of()),
        layers,
        1,
        indices,
        Collections.nCopies(layers, health));
  }
}
