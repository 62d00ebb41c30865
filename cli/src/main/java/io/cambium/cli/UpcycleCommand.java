package io.cambium.cli;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.TorchRunner;
import io.cambium.upcycle.PlannedUpcycle;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Replicas;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.runner.TokenIds;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Grows a checkpoint: plans, writes and verifies. */
@Command(
    name = "upcycle",
    description = {
      "Gives a Mixture-of-Experts checkpoint more experts per layer.",
      "",
      "Everything is planned and checked before the first byte is written; then the result is"
          + " reopened and its logits are compared with what the mode promises. Training state"
          + " beside the weights goes along. The source stays as it is."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium upcycle source grown --experts 32",
      "  cambium upcycle source grown --experts 32 --mode lineage --data corpus",
      "  cambium upcycle source grown --experts 20 --replicas drop --seed 7",
      "  cambium upcycle source grown --experts 16 --mode flat --dry-run"
    })
final class UpcycleCommand implements Callable<Integer> {

  @Parameters(paramLabel = "SOURCE", description = "Checkpoint directory to grow.")
  private Path source;

  @Parameters(paramLabel = "TARGET", description = "Checkpoint directory to write.")
  private Path target;

  @Option(
      names = "--experts",
      required = true,
      paramLabel = "N",
      description = "Routed experts per layer afterwards; any number above the present one.")
  private int experts;

  @Option(
      names = "--mode",
      defaultValue = "cold",
      paramLabel = "MODE",
      description = {
        "How experts are chosen at first (default: ${DEFAULT-VALUE}):",
        "  cold: replicas are held back until training releases them; exact in any engine",
        "  lineage: siblings stand for one expert until training releases them; exact",
        "  wide: as many more experts per token; exact, and slower",
        "  flat: plain top-K at once; not exact"
      })
  private Mode mode;

  @Option(
      names = "--rows",
      paramLabel = "ROWS",
      description =
          "Router rows of siblings: copy; antithetic: apart in random directions; split: apart"
              + " along what the expert is given, from --data (default: split in mode lineage,"
              + " else copy).")
  private @Nullable Rows rows;

  @Option(
      names = "--row-delta",
      paramLabel = "D",
      description = "How far rows are apart, relative to their norm (default: 0.6).")
  private @Nullable Double rowDelta;

  @Option(
      names = "--bias-noise",
      paramLabel = "B",
      description =
          "Uniform noise within -B and B on the replicas' selection bias (default: 0.001 in mode"
              + " flat, else 0).")
  private @Nullable Double biasNoise;

  @Option(
      names = "--replicas",
      defaultValue = "copy",
      paramLabel = "KIND",
      description =
          "Weights of replicas: copy; drop: some neurons drawn anew (default: ${DEFAULT-VALUE}).")
  private Replicas replicas;

  @Option(
      names = "--drop-rate",
      paramLabel = "R",
      description = "Share of a replica's neurons that drop draws anew (default: 0.5).")
  private @Nullable Double dropRate;

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      description =
          "How many experts each becomes, as JSON: [r_0, r_1, ...] for all layers, or"
              + " {\"layer\": [...]} (default: as equal as N allows).")
  private @Nullable Path counts;

  @Option(
      names = "--moments",
      defaultValue = "copy",
      paramLabel = "KIND",
      description =
          "Optimizer moments: copy; scale: over r and r squared of r siblings; reset: zeros"
              + " throughout (default: ${DEFAULT-VALUE}).")
  private Moments moments;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of everything drawn (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Corpus directory for split rows and for the comparison of logits.")
  private @Nullable Path data;

  @Option(names = "--overwrite", description = "Replace an existing TARGET.")
  private boolean overwrite;

  @Option(names = "--dry-run", description = "Print the plan and write nothing.")
  private boolean dryRun;

  @Option(
      names = "--json",
      description = "With --dry-run: the whole plan with a formula for every tensor, as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (json && !dryRun) {
      throw new UsageException("--json", "prints a plan", "give --dry-run with it");
    }
    GrowthOptions options = options();
    List<TokenIds> calibration =
        data == null ? List.of() : CalibrationTokens.read(data, source, seed);
    PrintWriter out = spec.commandLine().getOut();
    try (PlannedUpcycle growth =
        Upcycler.plan(source, target, options, new TorchRunner(), calibration)) {
      if (json) {
        out.print(new String(Json.bytes(growth.plan()), StandardCharsets.UTF_8));
      } else {
        out.print(growth.plan().describe());
      }
      out.flush();
      if (!dryRun) {
        execute(growth, out);
      }
    }
    return 0;
  }

  private GrowthOptions options() {
    return GrowthOptions.to(experts)
        .mode(mode)
        .rows(rows)
        .rowDelta(rowDelta)
        .biasNoise(biasNoise)
        .replicas(replicas)
        .dropRate(dropRate)
        .counts(counts == null ? new Counts.Uniform() : Counts.read(counts))
        .moments(moments)
        .seed(seed)
        .overwrite(overwrite)
        .build();
  }

  private void execute(PlannedUpcycle growth, PrintWriter out) {
    UpcycleResult result;
    try (TerminalProgress progress = TerminalProgress.onStandardError()) {
      result = growth.execute(progress);
    }
    out.println(result.verification().describe());
    out.println("Wrote " + target);
    out.flush();
  }
}
