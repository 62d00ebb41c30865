package io.cambium.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.lab.SyntheticDemo;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SummaryTableTest {

  @TempDir Path directory;

  @Test
  void fitsATerminal() {
    DemoSummary summary = DemoSummary.of(SyntheticDemo.write(directory, 0.64).arms());
    String text = SummaryTable.text(summary);
    System.out.println(text + summary.finding());
    assertThat(text.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
  }
}
