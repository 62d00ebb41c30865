package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {

  private final Console console = new Console();

  @TempDir Path folder;

  /** A run that grows on its way. */
  @Test
  void writesAPageAndTheFiguresBesideIt() throws IOException {
    Path model = TinyModels.glm4Moe().vocab(300).experts(3).topK(2).write(folder.resolve("m"));
    Path corpus = TinyCorpus.write(folder.resolve("corpus"));
    Path yaml =
        Files.writeString(
            folder.resolve("run.yaml"),
            """
            model: %s
            data: %s
            steps: 12
            batch: {sequences: 2, length: 16, micro_batch: 1}
            evaluate: {every: 4, sequences: 2}
            growth: {at: 4, experts: 6}
            """
                .formatted(model, corpus));
    Path run = folder.resolve("tiny");
    assertThat(console.run("train", yaml.toString(), "--out", run.toString())).isZero();
    Path page = folder.resolve("page.html");
    assertThat(console.run("report", run.toString(), "--out", page.toString())).isZero();
    assertThat(console.out()).contains("Wrote " + page, "page-figures");
    assertThat(Files.readString(page)).contains("\"groups\":[{\"name\":\"tiny\"");
    Path figures = folder.resolve("page-figures");
    assertThat(figures.resolve("loss-validation.png")).isNotEmptyFile();
    assertThat(figures.resolve("lineage-tiny-layer-1.csv")).content().contains("source 0");
    assertThat(console.run("report", run.toString(), "--out", page.toString())).isEqualTo(2);
    assertThat(console.err()).contains("exists already");
    assertThat(console.run("report", run.toString(), "--against", "small", "--out", "other.html"))
        .isEqualTo(2);
    assertThat(console.err()).contains("there is no small", "give one of tiny");
    assertThat(console.run("report", folder.toString(), "--out", "other.html")).isNotZero();
    assertThat(console.err()).contains("metrics.jsonl");
  }
}
