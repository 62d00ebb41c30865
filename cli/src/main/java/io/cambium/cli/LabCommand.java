package io.cambium.cli;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.experiment.Experiment;
import io.cambium.lab.experiment.ExperimentPlan;
import io.cambium.lab.experiment.Lab;
import io.cambium.lab.experiment.PlanTable;
import io.cambium.lab.experiment.PlannedRun;
import io.cambium.lab.experiment.Rehearsal;
import io.cambium.lab.experiment.Results;
import io.cambium.lab.experiment.ResultsTable;
import io.cambium.training.MachineMemory;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares arms over seeds. */
@Command(
    name = "lab",
    description = {
      "Trains an experiment's arms with every seed, and compares them.",
      "",
      "Arms that begin alike share the run that they begin with. Stopped in whatever way, the same"
          + " command with --resume goes on and reports the same numbers. Out: results.json,"
          + " results.csv, arms.csv and all runs."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium lab examples/lab/growth-modes.yaml --dry-run",
      "  cambium lab examples/lab/growth-modes.yaml",
      "  cambium lab examples/lab/growth-modes.yaml --resume"
    })
final class LabCommand implements Callable<Integer> {

  @Parameters(paramLabel = "EXPERIMENT.YAML", description = "The arms and seeds (docs/lab.md).")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory to write (default: runs/ and the name of EXPERIMENT.YAML).")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      description = "Go on with what there is in DIR; begin where there is nothing.")
  private boolean resume;

  @Option(
      names = "--dry-run",
      description = "Print the runs, what they share and what they need; train and write nothing.")
  private boolean dryRun;

  @Option(
      names = "--parallel",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Runs at a time, as far as memory goes (default: ${DEFAULT-VALUE}). More pay where a run"
              + " has fewer workers than there are cores.")
  private int parallel;

  @Option(
      names = "--memory",
      paramLabel = "AMOUNT",
      description =
          "What all runs together may take, such as 12GB (default: what the machine has to give).")
  private @Nullable String memory;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (parallel < 1) {
      throw new UsageException("--parallel", "is " + parallel, "give 1 or more");
    }
    Path directory = out == null ? Path.of("runs", FileNames.withoutExtension(file)) : out;
    ExperimentPlan plan = ExperimentPlan.of(Experiment.read(file), directory);
    if (!dryRun && !resume && Files.exists(directory)) {
      throw new UsageException(
          directory, "exists already", "give --resume to go on with it, or another --out");
    }
    if (!dryRun) {
      plan.requireResumable();
    }
    long available =
        memory == null ? MachineMemory.available() : ByteCount.parse("--memory", memory);
    // Before hours are spent; what was begun has shown that it fits.
    Map<String, Rehearsal.Needs> needs =
        Rehearsal.of(plan, available, run -> dryRun || !run.isBegun());
    if (dryRun) {
      spec.commandLine().getOut().print(PlanTable.text(plan, needs));
      spec.commandLine().getOut().flush();
      return 0;
    }
    return run(plan, available);
  }

  private int run(ExperimentPlan plan, long available) {
    PrintWriter out = spec.commandLine().getOut();
    Map<PlannedRun, CambiumException> failures = new LinkedHashMap<>();
    Lab lab;
    try (LabProgress progress = LabProgress.onStandardError(plan)) {
      lab = new Lab(plan, available, progress);
      OnSignal.runAndStop(lab::requestStop, () -> failures.putAll(lab.run(parallel)));
    }
    if (lab.isStopped()) {
      out.println("stopped and saved: the same command with --resume goes on");
      return 0;
    }
    Results results = Results.of(plan, failures);
    results.write(plan.out());
    out.print(ResultsTable.text(results));
    out.println("Wrote " + plan.out().resolve(Results.JSON));
    out.flush();
    return results.failed().isEmpty() ? 0 : CambiumException.WORK_FAILED;
  }
}
