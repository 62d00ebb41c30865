package io.cambium.cli;

import io.cambium.lab.live.Curve;
import io.cambium.lab.live.Snapshot;
import io.cambium.lab.live.Snapshot.Latest;
import io.cambium.lab.live.Snapshot.Pace;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One frame of a run: how far it is, the loss curve, losses by domain, router health, a heat map of
 * the load, growths and alarms, in as many lines and columns as there are.
 */
final class WatchScreen {

  /** Lines besides the curve, the layers and the events: header, axis, and headings. */
  private static final int FIXED_LINES = 5;

  private static final int LEAST_CURVE = 4;
  private static final int MOST_CURVE = 16;
  private static final int LABEL = 8;

  /** Values before this share of the steps do not set the scale: they lie far above all others. */
  private static final double SETTLED = 0.2;

  private final Snapshot run;
  private final int width;
  private final int height;
  private final Ink ink;

  WatchScreen(Snapshot run, int width, int height, Ink ink) {
    this.run = run;
    this.width = width;
    this.height = height;
    this.ink = ink;
  }

  /**
   * The frame's lines, none wider than the screen.
   *
   * @param state of the process behind the run, as far as its files tell
   */
  List<String> lines(String state) {
    Latest latest = run.latest();
    List<String> lines = new ArrayList<>();
    lines.add(title(state));
    if (latest == null) {
      lines.add("no step yet");
      return lines;
    }
    lines.add(progress(latest));
    lines.add(clipped(figures(latest)));
    List<String> losses = losses();
    List<String> health = health();
    int left = height - FIXED_LINES - losses.size() - health.size();
    List<String> events = events(Math.max(2, left / 4));
    LoadMap map = new LoadMap(run.layers(), width, ink);
    List<String> load = map.lines(Math.max(2, (left - events.size()) / 2));
    lines.addAll(curve(latest, left - events.size() - load.size()));
    lines.addAll(losses);
    lines.addAll(health);
    lines.add(ink.strong(clipped("load  " + map.heading())));
    lines.addAll(load);
    lines.addAll(events);
    return lines.subList(0, Math.min(lines.size(), height));
  }

  private String title(String state) {
    int room = Math.max(1, width - state.length() - 2);
    String name = run.run();
    String shown =
        name.length() <= room ? name : "\u2026" + name.substring(name.length() - room + 1);
    String gap = " ".repeat(Math.max(2, width - shown.length() - state.length()));
    return ink.strong(shown) + gap + state;
  }

  private String progress(Latest latest) {
    String text =
        " step %,d of %,d  %d %%%s"
            .formatted(
                latest.step(),
                run.steps(),
                100 * latest.step() / Math.max(1, run.steps()),
                timeLeft());
    int cells = Math.max(4, width - text.length() - 2);
    int full = (int) (cells * Math.min(latest.step(), run.steps()) / Math.max(1, run.steps()));
    return "[" + ink.curve("=".repeat(full)) + " ".repeat(cells - full) + "]" + text;
  }

  private String timeLeft() {
    Pace pace = run.pace();
    return pace == null || run.finished() ? "" : "  " + Clock.text(pace.secondsLeft()) + " left";
  }

  private String figures(Latest latest) {
    Pace pace = run.pace();
    Metric.Evaluation evaluation = run.evaluation();
    return "loss %.4f%s%s  gradient %.3g  lr %.1e"
        .formatted(
            latest.loss(),
            evaluation == null ? "" : "  validation %.4f".formatted(evaluation.meanLoss()),
            pace == null ? "" : "  %,.0f tokens/s".formatted(pace.tokensPerSecond()),
            latest.gradNorm(),
            latest.lr());
  }

  private List<String> curve(Latest latest, int room) {
    int rows = Math.clamp(room, LEAST_CURVE, MOST_CURVE);
    int columns = Math.max(8, width - LABEL);
    Curve loss = run.loss();
    List<Double> settled = settled(loss);
    double low = Collections.min(settled);
    double high = Collections.max(settled);
    long first = loss.steps().getFirst();
    BrailleChart chart = new BrailleChart(columns, rows, first, latest.step(), low, high);
    chart.draw(loss.steps(), loss.values());
    List<String> lines = new ArrayList<>();
    List<String> dots = chart.lines();
    for (int row = 0; row < rows; row++) {
      double label = row == 0 ? high : low;
      lines.add(
          (row == 0 || row == rows - 1 ? "%7.3f ".formatted(label) : " ".repeat(LABEL))
              + ink.curve(dots.get(row)));
    }
    lines.add(axis(columns, first, latest));
    return lines;
  }

  private static List<Double> settled(Curve curve) {
    double from = SETTLED * curve.steps().getLast();
    return IntStream.range(0, curve.values().size())
        .filter(point -> curve.steps().get(point) >= from)
        .mapToObj(curve.values()::get)
        .toList();
  }

  /** The steps, with a mark for each growth and each alarm. */
  private String axis(int columns, long first, Latest latest) {
    long last = latest.step();
    String end = " %d (%.2fM tokens)".formatted(last, latest.tokens() / 1e6);
    String[] cells = new String[Math.max(1, columns - end.length())];
    Arrays.fill(cells, ink.faint("\u2500"));
    for (Metric event : run.events()) {
      double share = (double) (event.step() - first) / Math.max(1, last - first);
      int at = Math.clamp(Math.round(share * (columns - 1)), 0, cells.length - 1);
      cells[at] = event instanceof Metric.Alarm ? ink.alarm("!") : ink.growth("\u25b2");
    }
    return "%7s ".formatted(first == 1 ? "step 1" : first) + String.join("", cells) + end;
  }

  private List<String> losses() {
    Metric.Evaluation evaluation = run.evaluation();
    if (evaluation == null) {
      return List.of();
    }
    List<String> texts =
        evaluation.loss().entrySet().stream()
            .map(domain -> "%s %.3f".formatted(domain.getKey(), domain.getValue()))
            .toList();
    return wrapped("domains  ", texts, Math.max(2, height / 12));
  }

  /** Texts side by side, in so many lines at most; an ellipsis stands for those that are left. */
  private List<String> wrapped(String heading, List<String> texts, int most) {
    List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder(heading)));
    for (String text : texts) {
      if (lines.getLast().length() + text.length() > width) {
        if (lines.size() == most) {
          lines.getLast().append("\u2026");
          break;
        }
        lines.add(new StringBuilder(" ".repeat(heading.length())));
      }
      lines.getLast().append(text).append("  ");
    }
    return lines.stream().map(line -> clipped(line.toString().stripTrailing())).toList();
  }

  private List<String> health() {
    Metric.Evaluation evaluation = run.evaluation();
    return evaluation == null
        ? List.of()
        : EventText.health(evaluation).stream().map(this::clipped).toList();
  }

  private List<String> events(int most) {
    List<String> lines =
        run.events().stream()
            .sorted(Comparator.comparingLong(Metric::step).reversed())
            .flatMap(
                event -> EventText.lines(event).stream().limit(1).map(line -> event(event, line)))
            .limit(most)
            .toList();
    return lines.reversed();
  }

  private String event(Metric event, String line) {
    return event instanceof Metric.Alarm ? ink.alarm(clipped(line)) : ink.growth(clipped(line));
  }

  private String clipped(String line) {
    return line.length() <= width ? line : line.substring(0, Math.max(0, width - 1)) + "\u2026";
  }
}
