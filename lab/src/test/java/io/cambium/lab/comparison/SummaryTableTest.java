package io.cambium.lab.comparison;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.lab.SyntheticDemo;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SummaryTableTest {

  @TempDir Path directory;

  @Test
  void fitsATerminalAndNamesEveryArmInEveryBlock() {
    String text = SummaryTable.text(DemoSummary.of(SyntheticDemo.write(directory, 0.64).arms()));

    assertThat(text.lines())
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100))
        .contains(
            "                            loss  perplexity  tokens  wall time  expert-steps  gap"
                + " closed",
            "8 experts, continued      2.7224       15.22   6.00M       3:38        11,712           -",
            "8 experts, continued           -           -             -            0.19 / 0.12"
                + "     0.08     0",
            "* followed through the window only: its losses are those at 2.80M tokens");
    // Eight domains take two blocks, so each arm has four lines.
    assertThat(text.lines().filter(line -> line.startsWith("32 experts from scratch"))).hasSize(4);
  }

  @Test
  void alignsColumns() {
    String text =
        new TextTable()
            .row(List.of("", "a", "long heading"))
            .row(List.of("name", "1.25", "x"))
            .text();
    assertThat(text)
        .isEqualTo(
            """
                     a  long heading
            name  1.25             x
            """);
  }
}
