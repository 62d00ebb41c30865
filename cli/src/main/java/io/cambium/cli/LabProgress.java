package io.cambium.cli;

import io.cambium.checkpoint.CambiumException;
import io.cambium.lab.comparison.TextTable;
import io.cambium.lab.experiment.ExperimentPlan;
import io.cambium.lab.experiment.Lab;
import io.cambium.lab.experiment.PlannedRun;
import io.cambium.training.metrics.Metric;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows an experiment on standard error: a table that is drawn anew in its place, or where the
 * output is no terminal a line for what happens and one for each run now and then.
 */
final class LabProgress implements Lab.Listener, AutoCloseable {

  private static final long REDRAW = Duration.ofMillis(250).toNanos();
  private static final long PLAIN_REPEAT = Duration.ofSeconds(30).toNanos();

  /** Runs that are waiting or done are only counted beyond so many lines. */
  private static final int MOST_ROWS = 16;

  /** Where a name is too long. */
  private static final String CUT = "..";

  /** How far a run has come. */
  private record State(
      String word, long step, double loss, @Nullable Double validation, double tokensPerSecond) {

    static State waitingAt(long step) {
      return new State("waiting", step, Double.NaN, null, 0);
    }

    boolean isAhead() {
      return isTraining() || word.equals("waiting");
    }

    State with(String newWord) {
      return new State(newWord, step, loss, validation, tokensPerSecond);
    }

    State at(long newStep) {
      return new State(word, newStep, loss, validation, tokensPerSecond);
    }

    boolean isTraining() {
      return word.equals("training");
    }
  }

  private final PrintStream out;
  private final IntSupplier width;
  private final LongSupplier nanoClock;
  private final Map<PlannedRun, State> states = new LinkedHashMap<>();
  private final long start;
  private long stepsHere;
  private long lastShown;
  private int linesShown;

  /**
   * @param width columns of the terminal, or 0 if the output is none
   * @param nanoClock as {@link System#nanoTime()}
   */
  LabProgress(ExperimentPlan plan, PrintStream out, IntSupplier width, LongSupplier nanoClock) {
    this.out = out;
    this.width = width;
    this.nanoClock = nanoClock;
    this.start = nanoClock.getAsLong();
    this.lastShown = start;
    plan.runs().forEach(run -> states.put(run, State.waitingAt(run.firstStep())));
  }

  static LabProgress onStandardError(ExperimentPlan plan) {
    return new LabProgress(plan, System.err, new StandardErrorWidth(), System::nanoTime);
  }

  @Override
  public synchronized void begins(PlannedRun run, long step) {
    put(run, new State("training", step, Double.NaN, null, 0));
    String how = step == run.firstStep() ? "begins" : "goes on";
    say(run, step == 0 ? how : how + " after step " + step);
  }

  @Override
  public synchronized void metric(PlannedRun run, Metric metric) {
    State before = Objects.requireNonNull(states.get(run));
    switch (metric) {
      case Metric.Train train -> {
        stepsHere++;
        put(
            run,
            new State(
                "training",
                train.step(),
                train.loss(),
                before.validation(),
                train.tokensPerSecond()));
      }
      case Metric.Evaluation evaluation -> {
        put(
            run,
            new State(
                before.word(),
                evaluation.step(),
                before.loss(),
                evaluation.meanLoss(),
                before.tokensPerSecond()));
        if (width.getAsInt() == 0) {
          EventText.lines(metric).stream().limit(1).forEach(line -> say(run, line));
        }
      }
      case Metric.Growth growth -> EventText.lines(growth).forEach(line -> say(run, line));
      case Metric.Alarm alarm -> EventText.lines(alarm).forEach(line -> say(run, line));
    }
    if (nanoClock.getAsLong() - lastShown >= (width.getAsInt() > 0 ? REDRAW : PLAIN_REPEAT)) {
      show();
    }
  }

  @Override
  public synchronized void message(PlannedRun run, String text) {
    say(run, text);
  }

  @Override
  public synchronized void finished(PlannedRun run) {
    State before = Objects.requireNonNull(states.get(run));
    put(run, before.at(run.lastStep()).with("done")); // it may have been done before
    say(run, "done");
  }

  @Override
  public synchronized void failed(PlannedRun run, CambiumException why) {
    put(run, Objects.requireNonNull(states.get(run)).with("failed"));
    say(run, "failed: " + why.getMessage());
  }

  /** Leaves the last table on the terminal. */
  @Override
  public synchronized void close() {
    if (width.getAsInt() > 0) {
      show();
    }
    linesShown = 0;
  }

  private void put(PlannedRun run, State state) {
    states.put(run, state);
  }

  private void say(PlannedRun run, String text) {
    erase();
    out.println(run.title() + ": " + text);
    out.flush();
    if (width.getAsInt() > 0) {
      show();
    }
  }

  private void show() {
    int columns = width.getAsInt();
    lastShown = nanoClock.getAsLong();
    erase();
    if (columns > 0) {
      List<String> lines = new ArrayList<>(table(columns - 1).lines().toList());
      lines.add(summary());
      lines.forEach(line -> out.println(line.substring(0, Math.min(line.length(), columns - 1))));
      linesShown = lines.size();
    } else {
      states.forEach((run, state) -> {
        if (state.isTraining()) {
          out.println(run.title() + ": " + figures(run, state));
        }
      });
      out.println(summary());
    }
    out.flush();
  }

  /** Back to the table's first line, and clears from there on. */
  private void erase() {
    if (linesShown > 0) {
      out.print("\033[" + linesShown + "F\033[J");
      linesShown = 0;
    }
  }

  /** Names give way to figures where there is no room for both; empty if there is no row. */
  private String table(int columns) {
    Map<PlannedRun, State> rows = new LinkedHashMap<>(states);
    rows.values().removeIf(state -> states.size() > MOST_ROWS && !state.isTraining());
    if (rows.isEmpty()) {
      return "";
    }
    int longest = rows.keySet().stream().mapToInt(run -> run.title().length()).max().orElseThrow();
    String whole = table(rows, longest);
    int excess = whole.indexOf('\n') - columns;
    return excess <= 0 ? whole : table(rows, longest - excess);
  }

  private static String table(Map<PlannedRun, State> rows, int titles) {
    TextTable table =
        new TextTable().row(List.of("run", "", "step", "loss", "validation", "tokens/s"));
    rows.forEach((run, state) -> table.row(row(shortened(run.title(), titles), run, state)));
    return table.text();
  }

  /** The seed stays. */
  private static String shortened(String title, int length) {
    String seed = title.substring(title.lastIndexOf(','));
    int left = Math.max(1, length - seed.length() - CUT.length());
    return title.length() <= length ? title : title.substring(0, left) + CUT + seed;
  }

  private static List<String> row(String title, PlannedRun run, State state) {
    Double validation = state.validation();
    return List.of(
        title,
        state.word(),
        "%,d of %,d".formatted(state.step(), run.lastStep()),
        Double.isNaN(state.loss()) ? "" : "%.4f".formatted(state.loss()),
        validation == null ? "" : "%.4f".formatted(validation),
        state.tokensPerSecond() == 0 ? "" : "%,.0f".formatted(state.tokensPerSecond()));
  }

  private static String figures(PlannedRun run, State state) {
    return "step %,d of %,d, loss %.4f, %,.0f tokens/s"
        .formatted(state.step(), run.lastStep(), state.loss(), state.tokensPerSecond());
  }

  private String summary() {
    long failed = count("failed");
    long left =
        states.entrySet().stream()
            .filter(entry -> entry.getValue().isAhead())
            .mapToLong(entry -> entry.getKey().lastStep() - entry.getValue().step())
            .sum();
    double seconds = (nanoClock.getAsLong() - start) / 1e9;
    String time =
        stepsHere == 0 || left == 0
            ? ""
            : ", about " + Clock.text(seconds / stepsHere * left) + " left";
    return "%d of %d runs done%s, %,d steps to train%s"
        .formatted(
            count("done"),
            states.size(),
            failed == 0 ? "" : ", %d failed".formatted(failed),
            left,
            time);
  }

  private long count(String word) {
    return states.values().stream().filter(state -> state.word().equals(word)).count();
  }
}
