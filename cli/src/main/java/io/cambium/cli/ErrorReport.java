package io.cambium.cli;

import io.cambium.checkpoint.CambiumException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * How a command ends that cannot go on: one clear message for what the user can mend, and for all
 * else a report that can be sent to us.
 */
final class ErrorReport implements IParameterExceptionHandler, IExecutionExceptionHandler {

  private final Cambium root;

  ErrorReport(Cambium root) {
    this.root = root;
  }

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("error: " + e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, err);
    err.println("  -> see " + command.getCommandSpec().qualifiedName() + " --help");
    return CommandLine.ExitCode.USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    if (e instanceof CambiumException known) {
      command.getErr().println("error: " + known.getMessage());
      if (root.debug()) {
        known.printStackTrace(command.getErr());
      }
      return known.exitCode();
    }
    return unexpected(e, parsed.originalArgs(), command.getErr());
  }

  /** Reports what should not have happened, with all that finding the cause may need. */
  int unexpected(Throwable e, List<String> args, PrintWriter err) {
    err.println("error: unexpected " + e);
    if (e instanceof OutOfMemoryError) {
      err.println("  -> give it more memory: CAMBIUM_JAVA_OPTS=-Xmx8g");
    } else if (root.debug()) {
      e.printStackTrace(err);
    } else {
      err.println("  -> this is a fault in Cambium; please report it with " + saved(e, args));
    }
    err.flush();
    return CambiumException.WORK_FAILED;
  }

  private static String saved(Throwable e, List<String> args) {
    StringWriter trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    String report =
        String.join("\n", new VersionProvider().getVersion())
            + "\ncambium "
            + String.join(" ", args)
            + "\n\n"
            + trace;
    try {
      Path file = Files.createTempFile("cambium-error-", ".txt");
      return Files.writeString(file, report).toString();
    } catch (IOException unwritable) {
      return "what --debug prints (no report could be saved: " + unwritable + ")";
    }
  }
}
