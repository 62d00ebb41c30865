package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.figure.Figure;
import io.cambium.lab.figure.FigureFiles;
import io.cambium.lab.report.Facts;
import io.cambium.lab.report.Figures;
import io.cambium.lab.report.Report;
import io.cambium.lab.report.ReportData;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes what runs showed. */
@Command(
    name = "report",
    description = {
      "Writes a page on one or more training runs, and every figure on it as CSV and PNG.",
      "",
      "Losses with the growths marked, quality against cost, the experts' load over time, which"
          + " domain goes to which expert, lineages, and a table with intervals where runs differ by"
          + " seed only. One HTML file that fetches nothing; the figures lie in a directory beside"
          + " it."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium report runs/first --out report.html",
      "  cambium report runs/grown-0 runs/grown-1 runs/grown-2 runs/fixed-0 --out report.html",
      "  cambium report runs/main/runs/*/seed-* --against fixed-8 --out report.html"
    })
final class ReportCommand implements Callable<Integer> {

  @Parameters(paramLabel = "RUN", arity = "1..*", description = "Run directories.")
  private List<Path> runs = List.of();

  @Option(
      names = "--out",
      defaultValue = "report.html",
      paramLabel = "FILE",
      description = "Page to write (default: ${DEFAULT-VALUE}); figures go to <FILE>-figures.")
  private Path out = Path.of("");

  @Option(
      names = "--against",
      paramLabel = "GROUP",
      description =
          "Runs that the others are compared with, seed by seed: the name of a run, or of the"
              + " directory that several seeds lie in. Adds a chart of the differences.")
  private @Nullable String against;

  @Mixin private OverwriteOption overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Path figures = out.resolveSibling(withoutSuffix(out) + "-figures");
    overwrite.requireFree(out);
    overwrite.requireFree(figures);
    ReportData data = ReportData.of(histories(), against, facts());
    Report.write(out, data);
    List<Figure> all = Figures.of(data);
    FigureFiles.write(figures, all, overwrite.isGiven());
    PrintWriter to = spec.commandLine().getOut();
    to.println("Wrote " + out);
    to.printf("Wrote %d figures as CSV and PNG to %s%n", all.size(), figures);
    to.flush();
    return 0;
  }

  /** By as many of the last names of the directories' paths as tell them apart. */
  private SequencedMap<String, RunHistory> histories() {
    SequencedMap<Path, RunHistory> read = new LinkedHashMap<>();
    for (Path run : runs) {
      if (read.put(run.toAbsolutePath().normalize(), RunHistory.read(run)) != null) {
        throw new UsageException(run, "is given twice", "give every run once");
      }
    }
    int names = 1;
    while (read.keySet().stream().map(lastNames(names)).distinct().count() < read.size()) {
      names++;
    }
    SequencedMap<String, RunHistory> histories = new LinkedHashMap<>();
    Function<Path, String> name = lastNames(names);
    read.forEach((run, history) -> histories.put(name.apply(run), history));
    return histories;
  }

  /** With slashes, on every system; the whole path, with its root, where it has no more names. */
  private static Function<Path, String> lastNames(int count) {
    return path ->
        path.getNameCount() < count
            ? path.toString()
            : StreamSupport.stream(path.spliterator(), false)
                .skip(path.getNameCount() - count)
                .map(Path::toString)
                .collect(Collectors.joining("/"));
  }

  private static String withoutSuffix(Path file) {
    return String.valueOf(file.getFileName()).replaceFirst("\\.html?$", "");
  }

  private static SequencedMap<String, String> facts() {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put("Report by Cambium", new VersionProvider().getVersion()[0].replace("cambium ", ""));
    facts.putAll(Facts.ofThisMachine());
    return facts;
  }
}
