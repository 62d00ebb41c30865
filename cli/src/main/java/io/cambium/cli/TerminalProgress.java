package io.cambium.cli;

import io.cambium.checkpoint.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Progress on standard error: a bar with the time left for work of more than two seconds, or a line
 * now and then where the output is no terminal. Shows one work at a time; an update that names
 * another work begins that one. Close it before anything else is printed at the end.
 */
final class TerminalProgress implements Progress, AutoCloseable {

  private static final long QUIET = Duration.ofSeconds(2).toNanos();
  private static final long REDRAW = Duration.ofMillis(100).toNanos();
  private static final long PLAIN_REPEAT = Duration.ofSeconds(15).toNanos();
  private static final int BAR = 24;

  private final PrintStream out;
  private final IntSupplier width;
  private final LongSupplier nanoClock;

  private String work = "";
  private String detail = "";
  private long done;
  private long total;
  private boolean bytes;
  private long firstDone;
  private long start;
  private long lastShown;
  private boolean shown;
  private boolean barOnLine;

  /**
   * @param width columns of the terminal, or 0 if the output is none
   * @param nanoClock as {@link System#nanoTime()}
   */
  TerminalProgress(PrintStream out, IntSupplier width, LongSupplier nanoClock) {
    this.out = out;
    this.width = width;
    this.nanoClock = nanoClock;
  }

  /** Progress on this process's standard error. */
  static TerminalProgress onStandardError() {
    return new TerminalProgress(System.err, new StandardErrorWidth(), System::nanoTime);
  }

  @Override
  public synchronized void update(String what, long nowDone, long nowTotal) {
    update(what, nowDone, nowTotal, false);
  }

  @Override
  public synchronized void updateBytes(String what, long nowDone, long nowTotal) {
    update(what, nowDone, nowTotal, true);
  }

  private void update(String what, long nowDone, long nowTotal, boolean inBytes) {
    long now = nanoClock.getAsLong();
    if (!what.equals(work) || nowDone < done) {
      begin(what, nowDone, now);
    }
    done = nowDone;
    total = nowTotal;
    bytes = inBytes;
    if (now - start >= QUIET) {
      show(now);
    }
    if (finished()) {
      begin("", 0, now);
    }
  }

  /** Figures to show behind the bar until another work begins, for example the loss. */
  synchronized void detail(String figures) {
    detail = figures;
  }

  /** Prints a line of its own above the bar. */
  synchronized void println(String line) {
    eraseBar();
    out.println(line);
    out.flush();
  }

  /** Ends the line that the bar stands on. */
  @Override
  public synchronized void close() {
    begin("", 0, nanoClock.getAsLong());
  }

  private void begin(String what, long nowDone, long now) {
    if (barOnLine) {
      out.println();
      out.flush();
    }
    barOnLine = false;
    shown = false;
    work = what;
    detail = "";
    firstDone = nowDone;
    start = now;
  }

  private void show(long now) {
    int columns = width.getAsInt();
    long interval = columns > 0 ? REDRAW : PLAIN_REPEAT;
    if (shown && now - lastShown < interval && !finished()) {
      return;
    }
    shown = true;
    lastShown = now;
    if (columns > 0) {
      eraseBar();
      out.print(clipped(work + "  " + bar() + "  " + figures(now), columns - 1));
      barOnLine = true;
    } else {
      out.println(work + ": " + figures(now));
    }
    out.flush();
  }

  /** Back to the line's first column, and clears to its end. */
  private void eraseBar() {
    if (barOnLine) {
      out.print("\r\033[K");
      barOnLine = false;
    }
  }

  private String bar() {
    int full = total > 0 ? Math.toIntExact(BAR * Math.clamp(done, 0, total) / total) : 0;
    return "[" + "=".repeat(full) + " ".repeat(BAR - full) + "]";
  }

  private String figures(long now) {
    String share = total > 0 ? 100 * done / total + " %" : Long.toString(done);
    return share
        + "  "
        + time(now)
        + (bytes ? "  " + rate(now) : "")
        + (detail.isEmpty() ? "" : "  " + detail);
  }

  private String rate(long now) {
    double seconds = (now - start) / 1e9;
    return "%.0f MB/s".formatted((done - firstDone) / 1e6 / seconds);
  }

  /** How long it took once it is finished, else how long it will take at the pace so far. */
  private String time(long now) {
    double elapsed = (now - start) / 1e9;
    if (finished()) {
      return Clock.text(elapsed);
    }
    return done > firstDone && total > done
        ? Clock.text(elapsed * (total - done) / (done - firstDone)) + " left"
        : Clock.text(elapsed) + " so far";
  }

  /** A total of zero or below is not known. */
  private boolean finished() {
    return total > 0 && done == total;
  }

  private static String clipped(String line, int columns) {
    return line.substring(0, Math.min(line.length(), columns));
  }
}
