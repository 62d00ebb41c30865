package io.cambium.training.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsLogTest {

  @TempDir Path directory;

  @Test
  void linesAreThoseOfTheDocumentedFormat() throws IOException {
    write(train(1), evaluation(1, null), evaluation(2, 0.25), growth(2), alarm(3));

    assertThat(Files.readString(file()))
        .isEqualTo(
            """
            {"event":"train","step":1,"tokens":4096,"loss":8.25,"lr":0.001,"grad_norm":1.5,\
            "tokens_per_second":9000.0,"seconds":0.5,"max_vio_micro":[0.75,0.0],\
            "balance":[{"max_vio":0.5,"cv":0.5,"min":0.5,"dead":[]},\
            {"max_vio":0.0,"cv":0.0,"min":1.0,"dead":[]}],\
            "load":[[0.75,0.25],[0.5,0.5]]}
            {"event":"evaluation","step":1,"tokens":4096,"loss":{"gloss":3.0,"java":2.0},\
            "mean_loss":2.5,"routing":{"layers":[1],"domains":["gloss","java"],\
            "share":[[[0.75,0.25],[0.5,0.5]]]},"dead_experts":0,"release":1.0,\
            "unhealthy_layers":[],"health":[{"balance":{"max_vio":0.0,"cv":0.0,"min":1.0,\
            "dead":[]},"router_entropy":0.5}]}
            {"event":"evaluation","step":2,"tokens":8192,"loss":{"gloss":3.0,"java":2.0},\
            "mean_loss":2.5,"sibling_coselection":0.25,\
            "routing":{"layers":[1],"domains":["gloss","java"],\
            "share":[[[0.75,0.25],[0.5,0.5]]]},"dead_experts":0,"release":1.0,\
            "unhealthy_layers":[],"health":[{"balance":{"max_vio":0.0,"cv":0.0,"min":1.0,\
            "dead":[]},"router_entropy":0.5,"siblings":{"lineages":2,"coselection":0.25,\
            "distinct_lineages":1.75,"cosine":0.5,"distance":0.125,"nearest":[1,3]}}]}
            {"event":"growth","step":2,"tokens":8192,"mode":"lineage","rows":"split",\
            "source_experts":2,"target_experts":5,"loss_before":3.125,"loss_after":3.125,\
            "window_steps":20}
            {"event":"alarm","step":3,"tokens":12288,"alarm":"overload","message":"too much",\
            "remedy":"less","where":{"4":[1,3]},"stops":false}
            """);
  }

  @Test
  void whatIsWrittenIsReadBack() {
    write(train(1), evaluation(1, null), evaluation(2, 0.25), growth(2), train(3), alarm(3));

    assertThat(MetricsLog.read(file()))
        .containsExactly(
            train(1), evaluation(1, null), evaluation(2, 0.25), growth(2), train(3), alarm(3));
  }

  @Test
  void everyLineIsOnDiskBeforeTheLogIsClosed() {
    try (MetricsLog log = MetricsLog.create(file())) {
      assertThat(MetricsLog.read(file())).isEmpty();
      log.append(train(1));
      assertThat(MetricsLog.read(file())).containsExactly(train(1));
    }
  }

  @Test
  void halfALineAtTheEndIsLeftOut() throws IOException {
    write(train(1), train(2));
    byte[] bytes = Files.readAllBytes(file());
    for (int cut = 1; cut < 40; cut += 13) {
      Files.write(file(), Arrays.copyOf(bytes, bytes.length - cut));
      assertThat(MetricsLog.read(file())).containsExactly(train(1));
    }
  }

  @Test
  void resumeCutsLaterEventsAndHalfALine() throws IOException {
    write(train(1), train(2), evaluation(2, null), growth(2), train(3), train(4));
    append("{\"event\":\"tr");

    try (MetricsLog log = MetricsLog.resume(file(), 2)) {
      log.append(train(3));
    }

    assertThat(MetricsLog.read(file()))
        .containsExactly(train(1), train(2), evaluation(2, null), growth(2), train(3));
  }

  @Test
  void resumeAtTheLastStepKeepsTheFileAsItIs() throws IOException {
    write(train(1), train(2));
    byte[] before = Files.readAllBytes(file());
    MetricsLog.resume(file(), 2).close();
    assertThat(Files.readAllBytes(file())).isEqualTo(before);
    MetricsLog.resume(file(), 0).close();
    assertThat(file()).isEmptyFile();
  }

  @Test
  void anythingElseMalformedNamesItsLine() throws IOException {
    write(train(1));
    append("{\"event\":\"train\",\"step\":2}\n");
    assertThatThrownBy(() -> MetricsLog.read(file()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("metrics.jsonl, line 2: is no event");
    assertThatThrownBy(() -> MetricsLog.resume(file(), 1)).hasMessageContaining("line 2");
  }

  @Test
  void unknownEventsAndKeysAreRefused() throws IOException {
    write(growth(1));
    String line = Files.readString(file());
    for (String bad :
        List.of(
            line.replace("growth", "release"),
            line.replace("\"mode\"", "\"extra\":1,\"mode\""),
            line.replace("\"step\":1,", "\"step\":1,\"step\":1,"),
            line.replace("3.125", "\"NaN\""),
            line.replace("\"mode\":\"lineage\",", ""),
            line.replace("\"lineage\"", "null"),
            line.replace(",\"window_steps\":20", ""),
            line.replace("\"target_experts\":5", "\"target_experts\":5.5"),
            "\n")) {
      Files.writeString(file(), bad);
      assertThatThrownBy(() -> MetricsLog.read(file()), bad)
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("line 1");
    }
  }

  @Test
  void stepsMustNotGoBack() {
    write(train(2), train(1));
    assertThatThrownBy(() -> MetricsLog.read(file()))
        .hasMessageContaining("line 2: step 1 after step 2");
  }

  @Test
  void aLogIsNeverBegunTwiceNorResumedFromNothing() {
    write(train(1));
    assertThatThrownBy(() -> MetricsLog.create(file())).isInstanceOf(TrainingException.class);
    assertThatThrownBy(() -> MetricsLog.resume(directory.resolve("none"), 1))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void aNumberThatIsNotFiniteIsRefused() {
    assertThatThrownBy(
            () -> new Metric.Train(1, 1, Double.NaN, 0, 0, 0, 0, List.of(), List.of(), List.of()))
        .hasMessageContaining("loss is NaN");
  }

  private Path file() {
    return directory.resolve(MetricsLog.FILE_NAME);
  }

  private void append(String text) throws IOException {
    Files.writeString(file(), text, StandardOpenOption.APPEND);
  }

  private void write(Metric... metrics) {
    try (MetricsLog log = MetricsLog.create(file())) {
      List.of(metrics).forEach(log::append);
    }
  }

  static Metric.Train train(long step) {
    return new Metric.Train(
        step,
        step * 4096,
        8.25,
        0.001,
        1.5,
        9000,
        step * 0.5,
        List.of(0.75, 0.0),
        List.of(new Balance(0.5, 0.5, 0.5, List.of()), new Balance(0, 0, 1, List.of())),
        List.of(List.of(0.75, 0.25), List.of(0.5, 0.5)));
  }

  static Metric.Evaluation evaluation(long step, @Nullable Double rate) {
    return new Metric.Evaluation(
        step,
        step * 4096,
        new TreeMap<>(Map.of("gloss", 3.0, "java", 2.0)),
        2.5,
        rate,
        new Metric.Routing(
            List.of(1),
            List.of("gloss", "java"),
            List.of(List.of(List.of(0.75, 0.25), List.of(0.5, 0.5)))),
        0,
        1,
        List.of(),
        List.of(
            new LayerHealth(
                new Balance(0, 0, 1, List.of()),
                0.5,
                rate == null
                    ? null
                    : new LayerHealth.Siblings(2, rate, 1.75, 0.5, 0.125, List.of(1, 3)))));
  }

  static Metric.Alarm alarm(long step) {
    return new Metric.Alarm(
        step,
        step * 4096,
        "overload",
        "too much",
        "less",
        new TreeMap<>(Map.of(4, List.of(1, 3))),
        false);
  }

  static Metric.Growth growth(long step) {
    return new Metric.Growth(step, step * 4096, "lineage", "split", 2, 5, 3.125, 3.125, 20);
  }
}
