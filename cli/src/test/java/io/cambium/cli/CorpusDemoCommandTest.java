package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What is refused before anything is fetched; `./cambium demo` in CI writes the corpus itself. */
class CorpusDemoCommandTest {

  @TempDir private Path folder;

  private final StringWriter printed = new StringWriter();

  @Test
  void refusesATokenizerThatIsNotThere() {
    assertThat(demo("--tokenizer", folder.resolve("tokenizer.json").toString())).isEqualTo(1);
    assertThat(printed.toString()).contains("tokenizer.json", "no such file");
    assertThat(folder.resolve("corpus")).doesNotExist();
  }

  @Test
  void refusesWhatDoesNotGoTogether() {
    assertThat(demo("--tokenizer", "x", "--keep-text")).isEqualTo(2);
    assertThat(demo("--tokenizer", "x", "--train-vocab", "300")).isEqualTo(2);
    assertThat(printed.toString()).contains("nothing to keep", "mutually exclusive");
  }

  private int demo(String... options) {
    CommandLine commandLine = Cambium.commandLine(new Cambium());
    commandLine.setOut(new PrintWriter(printed, true));
    commandLine.setErr(new PrintWriter(printed, true));
    String[] args = new String[options.length + 4];
    System.arraycopy(new String[] {"corpus", "demo", "--out", out()}, 0, args, 0, 4);
    System.arraycopy(options, 0, args, 4, options.length);
    return commandLine.execute(args);
  }

  private String out() {
    return folder.resolve("corpus").toString();
  }
}
