package io.cambium.lab.experiment;

import io.cambium.lab.comparison.TextTable;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What an experiment will train, as plain text for a terminal. */
public final class PlanTable {

  private PlanTable() {}

  /**
   * A line for each run of a seed, then what all of them come to.
   *
   * @param needs by the name of the run
   */
  public static String text(ExperimentPlan plan, Map<String, Rehearsal.Needs> needs) {
    long first = plan.experiment().seeds().getFirst();
    TextTable table =
        new TextTable().row(List.of("run", "begins with", "steps", "tokens", "memory", "time"));
    double seconds = 0;
    for (PlannedRun run : plan.runs()) {
      Rehearsal.Needs need = Objects.requireNonNull(needs.get(run.name()));
      seconds += need.seconds(run);
      if (run.seed() == first) {
        table.row(row(run, need));
      }
    }
    return table.text() + shared(plan, first) + totals(plan, needs, seconds);
  }

  private static List<String> row(PlannedRun run, Rehearsal.Needs need) {
    return List.of(
        run.name(),
        begins(run.start()),
        "%d to %d".formatted(run.firstStep(), run.lastStep()),
        millions(run.steps() * run.config().tokensPerStep()),
        "%,d MB".formatted(need.bytes() / 1_000_000),
        time(need.seconds(run)));
  }

  private static String begins(Start start) {
    return switch (start) {
      case Start.Given given -> given.directory().getFileName().toString();
      case Start.Fresh fresh -> "new weights";
      case Start.Saved saved -> "%s at step %d".formatted(saved.run(), saved.step());
      case Start.Upcycled upcycled -> "experts of " + begins(upcycled.dense());
    };
  }

  private static String shared(ExperimentPlan plan, long seed) {
    StringBuilder text = new StringBuilder();
    for (PlannedRun run : plan.runs()) {
      List<String> users = plan.usersOf(run);
      if (run.seed() == seed && !users.isEmpty()) {
        text.append("%s is the source of %s\n".formatted(run.name(), String.join(", ", users)));
      }
    }
    return text.toString();
  }

  private static String totals(
      ExperimentPlan plan, Map<String, Rehearsal.Needs> needs, double seconds) {
    long tokens =
        plan.runs().stream().mapToLong(run -> run.steps() * run.config().tokensPerStep()).sum();
    long most = needs.values().stream().mapToLong(Rehearsal.Needs::bytes).max().orElse(0);
    return """
    %d seeds: %d runs, %,d steps (%,d without sharing), %s tokens
    about %s on this machine, one run at a time: two steps of each were tried, evaluations are \
    reckoned in, growth steps and checkpoints are not
    at most %,d MB of memory for one run
    """
        .formatted(
            plan.experiment().seeds().size(),
            plan.runs().size(),
            plan.steps(),
            plan.unsharedSteps(),
            millions(tokens),
            time(seconds),
            most / 1_000_000);
  }

  private static String millions(long tokens) {
    return String.format(Locale.ROOT, "%.2fM", tokens / 1e6);
  }

  private static String time(double seconds) {
    Duration time = Duration.ofSeconds(Math.round(seconds));
    return time.toHours() > 0
        ? "%d h %d min".formatted(time.toHours(), time.toMinutesPart())
        : "%d min %d s".formatted(time.toMinutes(), time.toSecondsPart());
  }
}
