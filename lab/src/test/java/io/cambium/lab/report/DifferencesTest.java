package io.cambium.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.SyntheticDemo;
import io.cambium.lab.figure.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models that grew beside those that did not: seeds 1 and 2, and seed 3 of the grown ones alone.
 */
final class DifferencesTest {

  @TempDir static Path directory;

  private static final SequencedMap<String, RunHistory> RUNS = new LinkedHashMap<>();

  @BeforeAll
  static void write() throws IOException {
    double[] closed = {0.3, 0.9, 0.5};
    for (int seed = 1; seed <= closed.length; seed++) {
      Path root = directory.resolve("seed-" + seed);
      SyntheticDemo.write(root, closed[seed - 1]);
      for (String arm : seed < 3 ? new String[] {"fixed-8", "grown"} : new String[] {"grown"}) {
        Path yaml = root.resolve(arm).resolve("run.yaml");
        Files.writeString(yaml, Files.readString(yaml).replaceAll("seed: \\d+", "seed: " + seed));
        RUNS.put(arm + "/seed-" + seed, RunHistory.read(root.resolve(arm)));
      }
    }
  }

  @Test
  void areMeansOverTheSeedsInCommon() {
    Differences found = against("fixed-8");
    assertThat(found.lines()).hasSize(1);
    Differences.Line line = found.lines().getFirst();
    assertThat(line.name()).isEqualTo("grown");
    assertThat(line.seeds()).isEqualTo(2);
    double expected = (lastLoss("grown", 1) + lastLoss("grown", 2)) / 2;
    expected -= (lastLoss("fixed-8", 1) + lastLoss("fixed-8", 2)) / 2;
    assertThat(line.curve().values().getLast()).isCloseTo(expected, within(1e-5));
    assertThat(line.curve().tokens()).hasSameSizeAs(line.curve().values()).hasSizeGreaterThan(8);
  }

  @Test
  void areAFigureOfTheReport() {
    ReportData data = ReportData.of(RUNS, "fixed-8", Facts.ofThisMachine());
    assertThat(Figures.of(data)).extracting(Figure::name).contains("difference");
  }

  @Test
  void areRefusedWithoutTheGroupOrASeedInCommon() {
    assertThatThrownBy(() -> against("fixed-9"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("there is no fixed-9")
        .hasMessageContaining("fixed-8, grown");
    SequencedMap<String, RunHistory> apart = new LinkedHashMap<>(RUNS);
    apart.keySet().removeIf(name -> name.matches("fixed-8/seed-1|grown/seed-[23]"));
    assertThatThrownBy(() -> ReportData.of(apart, "fixed-8/seed-2", Facts.ofThisMachine()))
        .hasMessageContaining("grown/seed-1: has no seed in common");
  }

  @Test
  void areRefusedWhereTheyWouldSayNothing() {
    SequencedMap<String, RunHistory> alone = new LinkedHashMap<>(RUNS);
    alone.keySet().removeIf(name -> name.startsWith("grown"));
    assertThatThrownBy(() -> ReportData.of(alone, "fixed-8", Facts.ofThisMachine()))
        .hasMessageContaining("there is nothing to compare with fixed-8");
    SequencedMap<String, RunHistory> twice = new LinkedHashMap<>(RUNS);
    twice.put("grown/seed-4", Objects.requireNonNull(RUNS.get("grown/seed-1")));
    assertThatThrownBy(() -> ReportData.of(twice, "fixed-8", Facts.ofThisMachine()))
        .hasMessageContaining("grown/seed-4: has the seed of another run, 1");
  }

  private static Differences against(String group) {
    return Objects.requireNonNull(ReportData.of(RUNS, group, Facts.ofThisMachine()).differences());
  }

  private static double lastLoss(String arm, int seed) {
    return Objects.requireNonNull(RUNS.get(arm + "/seed-" + seed)).lastMeanLoss().getValue();
  }
}
