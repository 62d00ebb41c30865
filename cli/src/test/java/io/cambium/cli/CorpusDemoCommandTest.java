package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused before anything is fetched; `./cambium demo` in CI writes the corpus itself. */
class CorpusDemoCommandTest {

  @TempDir private Path folder;

  private final Console console = new Console();

  @Test
  void refusesATokenizerThatIsNotThere() {
    assertThat(demo("--tokenizer", folder.resolve("tokenizer.json").toString())).isEqualTo(1);
    assertThat(console.err()).contains("tokenizer.json", "no such file");
    assertThat(folder.resolve("corpus")).doesNotExist();
  }

  @Test
  void refusesWhatDoesNotGoTogether() {
    assertThat(demo("--tokenizer", "x", "--keep-text")).isEqualTo(2);
    assertThat(demo("--tokenizer", "x", "--train-vocab", "300")).isEqualTo(2);
    assertThat(console.err()).contains("nothing to keep", "mutually exclusive");
  }

  private int demo(String... options) {
    String out = folder.resolve("corpus").toString();
    return console.run(List.of("corpus", "demo", "--out", out), options);
  }
}
