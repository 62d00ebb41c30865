package io.cambium.cli;

import io.cambium.lab.live.LiveRun;
import io.cambium.lab.live.Snapshot;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingReader;

/** A whole terminal as a view of a run, drawn anew whenever there is something new. */
final class LiveTerminal {

  private static final String BEGIN = "\033[?1049h\033[?25l";
  private static final String END = "\033[?25h\033[?1049l";

  /** Where it comes as a character and not as a signal. */
  private static final int CTRL_C = 3;

  private LiveTerminal() {}

  /** Whether input and output are a terminal that can move its cursor. */
  static boolean isThere() {
    Console console = System.console();
    return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
  }

  static int width() throws IOException {
    try (Terminal terminal = open()) {
      return terminal.getSize().getColumns();
    }
  }

  private static Terminal open() throws IOException {
    return TerminalBuilder.builder().system(true).build();
  }

  /** Shows a run until Ctrl-C or q; what was on the terminal before is there again afterwards. */
  static void show(LiveRun run, Duration look) throws IOException {
    try (Terminal terminal = open()) {
      AtomicBoolean over = new AtomicBoolean();
      terminal.handle(Terminal.Signal.INT, signal -> over.set(true));
      Attributes before = terminal.enterRawMode();
      Thread restore = new Thread(() -> restore(terminal, before), "restore the terminal");
      Runtime.getRuntime().addShutdownHook(restore); // SIGTERM
      terminal.writer().print(BEGIN);
      try {
        while (!over.get()) {
          run.poll(event -> {});
          draw(terminal, run);
          over.compareAndSet(false, isQuit(terminal.reader(), look));
        }
      } finally {
        Runtime.getRuntime().removeShutdownHook(restore);
        restore(terminal, before);
      }
    }
  }

  private static void restore(Terminal terminal, Attributes before) {
    terminal.writer().print(END);
    terminal.writer().flush();
    terminal.setAttributes(before);
  }

  private static void draw(Terminal terminal, LiveRun run) {
    Size size = terminal.getSize();
    int height = size.getRows() - 1;
    Snapshot now = run.snapshot();
    List<String> lines =
        new WatchScreen(now, size.getColumns(), height, Ink.forTerminal())
            .lines(RunState.of(now) + "  q: quit");
    PrintWriter out = terminal.writer();
    out.print("\033[H");
    lines.forEach(line -> out.print(line + "\033[K\r\n"));
    out.print("\033[J");
    out.flush();
  }

  private static boolean isQuit(NonBlockingReader keys, Duration wait) throws IOException {
    int key = keys.read(wait.toMillis());
    return key == 'q' || key == CTRL_C || key == NonBlockingReader.EOF;
  }
}
