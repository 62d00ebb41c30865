package io.cambium.cli;

import io.cambium.lab.comparison.DemoSummary;
import io.cambium.lab.comparison.SummaryTable;
import io.cambium.lab.demo.Demo;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the whole thing on real text. */
@Command(
    name = "demo",
    description = {
      "Grows a small Mixture-of-Experts model on real text, end to end.",
      "",
      "A model with 8 experts learns from text in several languages, Java, law and a dictionary,"
          + " grows to 32 experts at a third of the way, and is compared with the model that stayed"
          + " at 8 and the one that had 32 from the start. The text comes from Maven Central."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {"", "Examples:", "  cambium demo", "  cambium demo --minutes 2 --out runs/short"})
final class DemoCommand implements Callable<Integer> {

  @Option(
      names = "--minutes",
      defaultValue = "10",
      paramLabel = "N",
      description =
          "About how long on two cores; scales the number of tokens by a fixed rate (default:"
              + " ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of weights and data (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      defaultValue = "runs/demo",
      paramLabel = "DIR",
      description = "Directory to write (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("");

  @Override
  public Integer call() {
    DemoSummary summary;
    try (DemoProgress progress = new DemoProgress(TerminalProgress.onStandardError())) {
      summary = Demo.run(minutes, seed, out, progress);
    }
    System.out.println(SummaryTable.text(summary));
    System.out.println("Report:      " + out.resolve("report.html"));
    System.out.println("Grown model: " + out.resolve("final"));
    System.out.println("Its source:  " + out.resolve("source"));
    return 0;
  }
}
