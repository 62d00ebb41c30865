package io.cambium.cli;

import io.cambium.model.RankGroups;
import io.cambium.training.MachineMemory;
import io.cambium.training.MemoryPlan;
import io.cambium.training.RunListener;
import io.cambium.training.RunStart;
import io.cambium.training.Trainer;
import io.cambium.training.config.RunConfig;
import io.cambium.training.distributed.Ranks;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Trains a checkpoint as a run.yaml says. */
@Command(
    name = "train",
    description = {
      "Trains a Mixture-of-Experts checkpoint, and lets it grow on the way.",
      "",
      "Ctrl-C and SIGTERM save before the program ends; --resume goes on from the last checkpoint"
          + " and ends with the same bytes.",
      "",
      "Started several times with torchrun's variables RANK, WORLD_SIZE, MASTER_ADDR and"
          + " MASTER_PORT, the processes train one run together (docs/distributed.md)."
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
          "What each process may take, such as 12GB: refused if it plans for more (default: what the"
              + " machine has to give).")
  private @Nullable String memory;

  @Mixin private DashboardOption dashboard;

  @ParentCommand private Cambium root;

  @Override
  public Integer call() {
    Path directory = out == null ? Path.of("runs", FileNames.withoutExtension(file)) : out;
    try (Ranks ranks = Ranks.join(root.environment(), TrainCommand::giveUp)) {
      ranks.run(() -> {
        RunConfig config = RunConfig.read(file, overrides);
        if (ranks.group().isFirst()) {
          train(config, directory, ranks);
        } else {
          help(config, directory, ranks);
        }
      });
    }
    return 0;
  }

  /** The others go on: what hangs would keep the run's lock, and write when it wakes. */
  private static void giveUp(String how) {
    System.err.println("error: " + how);
    Runtime.getRuntime().halt(1);
  }

  /** Trains as a rank that leaves all speaking to the first. */
  private void help(RunConfig config, Path directory, Ranks ranks) {
    MemoryPlan.of(config).requireFits(config, available(ranks));
    try (Trainer trainer = trainer(config, directory, RunListener.NONE, ranks)) {
      OnSignal.runAndStop(trainer::requestStop, trainer::run);
    }
  }

  private void train(RunConfig config, Path directory, Ranks ranks) {
    try (TerminalProgress progress = TerminalProgress.onStandardError();
        DashboardOption served = dashboard.serve(directory, progress::println);
        TrainingProgress shown = new TrainingProgress(progress, "training", 0, config.steps());
        Trainer trainer = plannedTrainer(config, directory, shown, ranks)) {
      OnSignal.runAndStop(trainer::requestStop, trainer::run);
      progress.close();
      System.out.printf(
          "%s after %d of %d steps: %s%n",
          trainer.steps() < config.steps() ? "stopped and saved" : "done",
          trainer.steps(),
          config.steps(),
          trainer.checkpoint());
    }
  }

  private Trainer plannedTrainer(
      RunConfig config, Path directory, TrainingProgress shown, Ranks ranks) {
    MemoryPlan plan = MemoryPlan.of(config);
    long available = available(ranks);
    MemoryTable.print(plan, available, shown::message);
    plan.requireFits(config, available);
    return trainer(config, directory, shown, ranks);
  }

  /** What one rank may take. */
  private long available(Ranks ranks) {
    return memory == null
        ? MachineMemory.available() / ranks.onThisMachine()
        : ByteCount.parse("--memory", memory);
  }

  private Trainer trainer(RunConfig config, Path directory, RunListener listener, Ranks ranks) {
    RankGroups groups = ranks.groups(config.distributed());
    return resume
        ? RunStart.resume(directory, config, listener, groups)
        : RunStart.anew(config, directory, listener, groups);
  }
}
