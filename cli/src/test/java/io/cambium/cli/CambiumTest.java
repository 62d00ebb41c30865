package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class CambiumTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** A command that ends as a test wants it to. */
  @Command(name = "end")
  private record EndCommand(Callable<Integer> ending) implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
      return ending.call();
    }
  }

  @Test
  void exitCodeIsTheCommands() {
    assertThat(run(() -> 0, "end")).isZero();
    assertThat(run(() -> 1, "end")).isEqualTo(1);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void versionNamesItself() {
    assertThat(run(() -> 0, "--version")).isZero();
    assertThat(out.toString()).startsWith("cambium 0.").contains("java 25");
  }

  @Test
  void withoutACommandItListsThem() {
    assertThat(run(() -> 0)).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: cambium").contains("Start here:");
  }

  @Test
  void unknownOptionIsAUsageError() {
    assertThat(run(() -> 0, "end", "--nonsense")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: Unknown option: '--nonsense'\n  -> see cambium end --help\n");
  }

  @Test
  void knownErrorIsOneMessage() {
    Callable<Integer> broken =
        () -> {
          throw new CheckpointException("a/model.safetensors", "is cut short", "fetch it again");
        };
    assertThat(run(broken, "end")).isEqualTo(1);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: a/model.safetensors: is cut short\n  -> fetch it again\n");
  }

  @Test
  void usageErrorExitsWithTwoAndDebugAddsTheTrace() {
    Callable<Integer> wrong =
        () -> {
          throw new UsageException(null, "nothing to do", null);
        };
    assertThat(run(wrong, "end", "--debug")).isEqualTo(2);
    assertThat(err.toString()).startsWith("error: nothing to do").contains("\tat io.cambium.");
  }

  @Test
  void unexpectedErrorLeavesAReport() throws IOException {
    Callable<Integer> faulty =
        () -> {
          throw new IllegalStateException("boom");
        };
    assertThat(run(faulty, "end")).isEqualTo(1);
    assertThat(err.toString())
        .startsWith("error: unexpected java.lang.IllegalStateException: boom")
        .doesNotContain("\tat ");
    Path report = Path.of(err.toString().strip().replaceAll("(?s).* ", ""));
    assertThat(report).content().contains("cambium end", "java 25", "\tat io.cambium.");
    Files.delete(report);
  }

  @Test
  void exhaustedMemoryNamesTheRemedy() {
    int code =
        new ErrorReport(new Cambium())
            .unexpected(new OutOfMemoryError("heap"), List.of(), new PrintWriter(err));
    assertThat(code).isEqualTo(1);
    assertThat(err.toString()).contains("CAMBIUM_JAVA_OPTS=-Xmx");
  }

  private int run(Callable<Integer> ending, String... args) {
    CommandLine commandLine = Cambium.commandLine(new Cambium());
    return commandLine
        .addSubcommand(new CommandLine(new EndCommand(ending)))
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(args);
  }
}
