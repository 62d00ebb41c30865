package io.cambium.cli;

import io.cambium.training.MachineMemory;
import io.cambium.training.MemoryPlan;
import io.cambium.training.Trainer;
import io.cambium.training.config.RunConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a checkpoint as a run.yaml says. */
@Command(
    name = "train",
    description = {
      "Trains a Mixture-of-Experts checkpoint, and lets it grow on the way.",
      "",
      "Ctrl-C and SIGTERM save before the program ends; --resume goes on from the last checkpoint"
          + " and ends with the same bytes."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium train run.yaml --out runs/first",
      "  cambium train run.yaml --out runs/first --resume",
      "  cambium train run.yaml --dashboard",
      "  cambium train run.yaml --set steps=200 --set growth.mode=cold"
    })
final class TrainCommand implements Callable<Integer> {

  @Parameters(paramLabel = "RUN.YAML", description = "The run's configuration (docs/train.md).")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The run directory (default: runs/ and the name of RUN.YAML).")
  private @Nullable Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a setting, such as optimizer.learning_rate=5e-4. Repeatable.")
  private List<String> overrides = List.of();

  @Option(names = "--resume", description = "Go on with the run in DIR.")
  private boolean resume;

  @Option(
      names = "--memory",
      paramLabel = "AMOUNT",
      description =
          "What the run may take, such as 12GB: refused if it plans for more (default: what the"
              + " machine has to give).")
  private @Nullable String memory;

  @Mixin private DashboardOption dashboard;

  @Override
  public Integer call() {
    RunConfig config = RunConfig.read(file, overrides);
    Path directory = out == null ? Path.of("runs", FileNames.withoutExtension(file)) : out;
    try (TerminalProgress progress = TerminalProgress.onStandardError();
        DashboardOption served = dashboard.serve(directory, progress::println);
        TrainingProgress shown = new TrainingProgress(progress, "training", 0, config.steps());
        Trainer trainer = plannedTrainer(config, directory, shown)) {
      OnSignal.runAndStop(trainer::requestStop, trainer::run);
      progress.close();
      System.out.printf(
          "%s after %d of %d steps: %s%n",
          trainer.steps() < config.steps() ? "stopped and saved" : "done",
          trainer.steps(),
          config.steps(),
          trainer.checkpoint());
    }
    return 0;
  }

  private Trainer plannedTrainer(RunConfig config, Path directory, TrainingProgress shown) {
    MemoryPlan plan = MemoryPlan.of(config);
    long available =
        memory == null ? MachineMemory.available() : ByteCount.parse("--memory", memory);
    MemoryTable.print(plan, available, shown::message);
    plan.requireFits(config, available);
    return trainer(config, directory, shown);
  }

  private Trainer trainer(RunConfig config, Path directory, TrainingProgress shown) {
    return resume
        ? Trainer.resume(directory, config, shown)
        : Trainer.start(config, directory, shown);
  }
}
