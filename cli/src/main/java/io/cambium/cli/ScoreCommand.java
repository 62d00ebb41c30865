package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.comparison.TextTable;
import io.cambium.training.UtilityScorer;
import io.cambium.training.config.BatchConfig;
import io.cambium.upcycle.utility.ExpertScores;
import io.cambium.upcycle.utility.Score;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Says how useful each expert is. */
@Command(
    name = "score",
    description = {
      "Scores the routed experts of a checkpoint, so that the useful ones can get more copies.",
      "",
      "From the gradient of the mean loss over some batches of a corpus's training split. Needs"
          + " memory for the weights and their gradients in fp32. Out: a safetensors file with"
          + " layer.<index>.<score>, fp64 [E], for `cambium upcycle --counts`."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium score moe --data corpora/demo --out scores.safetensors",
      "  cambium score moe --data corpora/demo --score grad_squared,routed_share --out s.safetensors",
      "  cambium upcycle moe grown --experts 32 --counts greedy --scores scores.safetensors"
    })
final class ScoreCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Mixin private MeasuredOn measured;

  @Mixin private CorpusOption data;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
  private Path out = Path.of("");

  @Option(
      names = "--score",
      split = ",",
      paramLabel = "NAMES",
      description =
          "Of ${COMPLETION-CANDIDATES}, separated by commas (default: all; fisher only where the"
              + " checkpoint has an optimizer's moments).")
  private List<Score> scores = List.of();

  @Option(
      names = "--batches",
      defaultValue = "10",
      paramLabel = "N",
      description = "Batches (default: ${DEFAULT-VALUE}).")
  private int batches;

  @Option(
      names = "--micro-batch",
      defaultValue = "8",
      paramLabel = "N",
      description = "Sequences a core computes at a time: sets memory (default: ${DEFAULT-VALUE}).")
  private int microBatch;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of the order of the data (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private OverwriteOption overwrite;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    overwrite.requireFree(out);
    BatchConfig calibration = calibration();
    UtilityScorer.Result result;
    try (CheckpointSource source = measured.open(root.environment());
        TerminalProgress progress = TerminalProgress.onStandardError()) {
      Set<Score> wanted =
          scores.isEmpty() ? UtilityScorer.available(source.path()) : EnumSet.copyOf(scores);
      result = UtilityScorer.score(source.path(), data.path(), wanted, calibration, seed, progress);
    }
    result.scores().write(out, metadata(result));
    report(result, spec.commandLine().getOut());
    return 0;
  }

  private BatchConfig calibration() {
    if (batches < 1 || measured.sequences() < 1) {
      throw new UsageException("--batches, --sequences", "must be 1 or more", null);
    }
    int all = Math.multiplyExact(batches, measured.sequences());
    return new BatchConfig(all, measured.length(), Math.min(microBatch, all));
  }

  private Map<String, String> metadata(UtilityScorer.Result result) {
    return Map.of(
        "model", measured.checkpoint(),
        "data", data.path().toString(),
        "batches", Integer.toString(batches),
        "tokens", Long.toString(result.tokens()),
        "seed", Long.toString(seed),
        "loss", Double.toString(result.loss()));
  }

  private void report(UtilityScorer.Result result, PrintWriter to) {
    to.printf("%,d tokens, loss %.4f%n", result.tokens(), result.loss());
    if (scores.isEmpty() && !result.scores().byScore().containsKey(Score.FISHER)) {
      to.printf("no %s: %s has no optimizer's moments%n", Score.FISHER, measured.checkpoint());
    }
    to.print(table(result.scores()));
    to.println("Wrote " + out);
    to.flush();
  }

  /** The best expert of each layer by each score, with its share of the layer's score. */
  private static String table(ExpertScores scores) {
    TextTable table = new TextTable();
    List<Score> columns = List.copyOf(scores.byScore().keySet());
    table.row(row("best expert", columns.stream().map(Score::toString)));
    for (int layer : scores.of(columns.getFirst()).keySet()) {
      table.row(
          row(
              "layer " + layer,
              columns.stream()
                  .map(score -> best(Objects.requireNonNull(scores.of(score).get(layer))))));
    }
    return table.text();
  }

  private static List<String> row(String first, Stream<String> others) {
    return Stream.concat(Stream.of(first), others).toList();
  }

  private static String best(List<Double> values) {
    double best = Collections.max(values);
    double total = values.stream().mapToDouble(Double::doubleValue).sum();
    return String.format(Locale.ROOT, "%d (%.0f %%)", values.indexOf(best), 100 * best / total);
  }
}
