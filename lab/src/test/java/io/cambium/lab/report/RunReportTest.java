package io.cambium.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.lab.RunHistory;
import io.cambium.lab.StudentT;
import io.cambium.lab.SyntheticDemo;
import io.cambium.lab.figure.Figure;
import io.cambium.lab.figure.FigureFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A report on runs by themselves: three of them, two of which differ by seed only. */
final class RunReportTest {

  @TempDir static Path directory;

  private static ReportData data;

  @BeforeAll
  static void read() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    SyntheticDemo.write(first, 0.5);
    SyntheticDemo.write(second, 0.5);
    Path yaml = second.resolve("scratch-32/run.yaml");
    Files.writeString(yaml, Files.readString(yaml).replace("seed: 1", "seed: 2"));
    Path grown = first.resolve("grown");
    Path checkpoint = grown.resolve("checkpoints/step-001464");
    Files.createDirectories(checkpoint);
    Files.copy(first.resolve("final/cambium.json"), checkpoint.resolve("cambium.json"));
    SequencedMap<String, RunHistory> runs = new LinkedHashMap<>();
    runs.put("scratch-1", RunHistory.read(first.resolve("scratch-32")));
    runs.put("grown", RunHistory.read(grown));
    runs.put("scratch-2", RunHistory.read(second.resolve("scratch-32")));
    data = ReportData.of(runs, null, Facts.ofThisMachine());
  }

  /** Mean 7/3, standard deviation 1.5275, over the root of 3 and times 4.303. */
  @Test
  void intervalsAreStudents() {
    Interval found = Interval.of(List.of(1.0, 2.0, 4.0));
    assertThat(found.mean()).isCloseTo(7 / 3.0, within(1e-12));
    assertThat(found.margin()).isCloseTo(3.7949, within(1e-3));
    assertThat(found.lowest()).isEqualTo(1);
    assertThat(found.highest()).isEqualTo(4);
    assertThat(Interval.of(List.of(5.0)).margin()).isNull();
    assertThat(StudentT.quantile(20)).isCloseTo(2.0860, within(1e-3));
    assertThat(StudentT.quantile(11)).isCloseTo(2.2010, within(3e-3));
  }

  @Test
  void runsThatDifferBySeedOnlyStandTogether() {
    assertThat(data.groups()).extracting(SeedGroup::name).containsExactly("scratch-1", "grown");
    SeedGroup scratch = data.groups().getFirst();
    assertThat(scratch.runs()).containsExactly("scratch-1", "scratch-2");
    assertThat(scratch.meanLoss().margin()).isCloseTo(0, within(1e-9));
    assertThat(scratch.expertSteps().mean()).isEqualTo(1464 * 32);
    // What came before the branch counts with the experts from before the growth.
    SeedGroup grown = data.groups().getLast();
    assertThat(grown.firstStep()).isEqualTo(489);
    assertThat(grown.expertSteps().mean()).isEqualTo(488 * 8 + (1464 - 488) * 32);
    assertThat(grown.meanLoss().margin()).isNull();
  }

  @Test
  void everyModelHasItsExpertsAndTheGrownOneItsLineage() {
    assertThat(data.experts())
        .extracting(ExpertHistory::name)
        .containsExactly("scratch-1", "grown", "scratch-2");
    assertThat(data.experts().get(0).lineage().getFirst().parents()).isEmpty();
    assertThat(data.experts().get(1).lineage().getFirst().parents()).hasSize(1);
  }

  @Test
  void everyFigureIsWrittenAsNumbersAndAsAPicture() throws IOException {
    Path figures = directory.resolve("figures");
    List<Figure> all = Figures.of(data);
    // Pictures take their time: one model's, and of the domains one.
    List<Figure> some =
        all.stream()
            .filter(figure -> !figure.name().contains("scratch"))
            .filter(figure -> figure.name().matches("domain-java|(?!domain-).*"))
            .toList();
    Files.createDirectories(figures);
    Path stale = Files.writeString(figures.resolve("domain-of-yesterday.csv"), "");
    FigureFiles.write(figures, some, true);
    assertThat(stale).doesNotExist();
    assertThatThrownBy(() -> FigureFiles.write(figures, some, false))
        .hasMessageContaining("exists already");
    assertThat(all)
        .extracting(Figure::name)
        .contains(
            "loss-validation",
            "cost-expert-steps",
            "domain-java",
            "coselection",
            "load-grown-layer-1",
            "specialisation-scratch-2-layer-3",
            "lineage-grown-layer-2");
    for (Figure figure : some) {
      assertThat(Files.readAllLines(figures.resolve(figure.name() + ".csv"))).hasSizeGreaterThan(8);
      BufferedImage picture = ImageIO.read(figures.resolve(figure.name() + ".png").toFile());
      assertThat(colours(picture)).as(figure.name()).isGreaterThan(4);
    }
    // Layer 1 at its start, expert 0 > 8: the replica's row begins with its parent's load.
    assertThat(Files.readAllLines(figures.resolve("load-grown-layer-1.csv")))
        .contains(
            "expert,training tokens until,share of the layer's assignments relative to an even one")
        .anyMatch(line -> line.startsWith("0 > 8,"));
    assertThat(Files.readAllLines(figures.resolve("specialisation-grown-layer-1.csv")))
        .contains("expert,domain,share of the domain's assignments relative to an even one");
    assertThat(Files.readAllLines(figures.resolve("lineage-grown-layer-1.csv")))
        .contains("level,parent,child,note")
        .anyMatch(line -> line.startsWith("1,source 7,expert 31,"));
  }

  private static long colours(BufferedImage picture) {
    return Arrays.stream(
            picture.getRGB(
                0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth()))
        .distinct()
        .count();
  }
}
