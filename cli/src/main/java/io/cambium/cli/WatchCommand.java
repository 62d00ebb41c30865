package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.live.LiveRun;
import io.cambium.lab.live.Snapshot;
import io.cambium.training.metrics.Metric;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a training run while it goes on, or after. */
@Command(
    name = "watch",
    description = {
      "Shows a training run: loss, speed, time left, losses by domain, the load of its experts,"
          + " growths and alarms.",
      "",
      "Reads the run's files only. Ctrl-C or q ends the view and leaves the run alone. Where the"
          + " output is no terminal, it is a line for every event, and one for the state now and"
          + " then."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium watch runs/first",
      "  cambium watch runs/first --once",
      "  cambium watch runs/first --dashboard"
    })
final class WatchCommand implements Callable<Integer> {

  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration REPEAT = Duration.ofSeconds(15);
  private static final int PLAIN_WIDTH = 80;
  private static final int PLAIN_HEIGHT = 40;

  @Parameters(paramLabel = "RUN", description = "A run directory.")
  private Path directory = Path.of("");

  @Option(names = "--once", description = "Print the state once, and end.")
  private boolean once;

  @Mixin private DashboardOption dashboard;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    LiveRun run = new LiveRun(directory);
    if (!run.exists()) {
      throw new UsageException(directory, "holds no run", "name the directory given to train");
    }
    boolean terminal = LiveTerminal.isThere();
    if (once) {
      printFrame(run, terminal);
      return 0;
    }
    try (DashboardOption served = dashboard.serve(directory, this::println)) {
      if (terminal && !served.isServing()) {
        LiveTerminal.show(run, LOOK);
      } else {
        follow(run, served.isServing());
      }
    }
    return 0;
  }

  private void printFrame(LiveRun run, boolean terminal) throws IOException {
    run.poll(event -> {});
    int width = terminal ? LiveTerminal.width() : PLAIN_WIDTH;
    Ink ink = terminal ? Ink.forTerminal() : new Ink(false);
    Snapshot now = run.snapshot();
    new WatchScreen(now, width, PLAIN_HEIGHT, ink).lines(RunState.of(now)).forEach(this::println);
  }

  /** Lines for every event from the run's beginning on, until it is finished or nobody reads. */
  private void follow(LiveRun run, boolean forever) throws InterruptedException {
    long said = System.nanoTime() - REPEAT.toNanos();
    boolean finished = false;
    while ((!finished || forever) && !spec.commandLine().getOut().checkError()) {
      run.poll(this::say);
      Snapshot now = run.snapshot();
      boolean finishedNow = now.finished();
      if (finishedNow != finished || System.nanoTime() - said >= REPEAT.toNanos() && !finished) {
        sayState(now);
        said = System.nanoTime();
      }
      finished = finishedNow;
      Thread.sleep(LOOK);
    }
  }

  private void say(Metric event) {
    EventText.lines(event).forEach(this::println);
  }

  private void sayState(Snapshot now) {
    Snapshot.Latest latest = now.latest();
    Snapshot.Pace pace = now.pace();
    println(
        latest == null
            ? "no step yet"
            : "step %,d of %,d: loss %.4f%s; %s"
                .formatted(
                    latest.step(),
                    now.steps(),
                    latest.loss(),
                    pace == null
                        ? ""
                        : ", %,.0f tokens/s, %s left"
                            .formatted(pace.tokensPerSecond(), Clock.text(pace.secondsLeft())),
                    RunState.of(now)));
  }

  private void println(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }
}
