package io.cambium.cli;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.hub.HubListener;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Shows a download, with its speed; beside other work as figures behind that work's bar. */
final class DownloadProgress implements HubListener, AutoCloseable {

  private record Work(String what, long done, long total, boolean inBytes) {}

  private final TerminalProgress terminal;
  private final LongSupplier nanoClock;
  private @Nullable Work beside;
  private String arriving = "";
  private long firstBytes = -1;
  private long start;

  /**
   * @param nanoClock as {@link System#nanoTime()}
   */
  DownloadProgress(TerminalProgress terminal, LongSupplier nanoClock) {
    this.terminal = terminal;
    this.nanoClock = nanoClock;
  }

  /** Progress on this process's standard error. */
  static DownloadProgress onStandardError() {
    return new DownloadProgress(TerminalProgress.onStandardError(), System::nanoTime);
  }

  @Override
  public void update(String what, long done, long total) {
    terminal.update(what, done, total);
  }

  @Override
  public synchronized void transferred(String what, long bytes, long total) {
    String speed = "%.0f MB/s".formatted(megabytesPerSecond(bytes));
    if (beside == null) {
      terminal.detail(speed);
      terminal.update(what, bytes, total);
    } else {
      arriving =
          bytes == total
              ? ""
              : "%.1f of %.1f GB here, %s".formatted(bytes / 1e9, total / 1e9, speed);
      show(beside);
    }
  }

  /** For work that goes on while the download does. */
  Progress beside() {
    return new Progress() {
      @Override
      public void update(String what, long done, long total) {
        work(new Work(what, done, total, false));
      }

      @Override
      public void updateBytes(String what, long done, long total) {
        work(new Work(what, done, total, true));
      }
    };
  }

  /** Prints a line of its own. */
  void println(String line) {
    terminal.println(line);
  }

  private synchronized void work(Work work) {
    beside = work;
    show(work);
  }

  private void show(Work work) {
    terminal.detail(arriving);
    if (work.inBytes) {
      terminal.updateBytes(work.what, work.done, work.total);
    } else {
      terminal.update(work.what, work.done, work.total);
    }
  }

  private double megabytesPerSecond(long bytes) {
    long now = nanoClock.getAsLong();
    if (firstBytes < 0) {
      firstBytes = bytes;
      start = now;
    }
    return now == start ? 0 : (bytes - firstBytes) * 1e3 / (now - start);
  }

  @Override
  public void close() {
    terminal.close();
  }
}
