package io.cambium.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A command line for tests, which keeps what commands print. */
final class Console {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** Runs a command and returns its exit code. */
  int run(String... args) {
    return Cambium.commandLine(new Cambium())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  /** The same, with further arguments. */
  int run(List<String> args, String... more) {
    return run(Stream.concat(args.stream(), Arrays.stream(more)).toArray(String[]::new));
  }

  /** What was printed on standard output since the last {@link #clear}. */
  String out() {
    return out.toString();
  }

  /** The same of standard error. */
  String err() {
    return err.toString();
  }

  /** Forgets what was printed. */
  void clear() {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
  }
}
