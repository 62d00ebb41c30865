package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.training.data.Corpus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TokenizeCommandTest {

  @TempDir Path folder;

  private Path text;
  private Path out;
  private final StringWriter printed = new StringWriter();

  @BeforeEach
  void writeText() throws IOException {
    out = folder.resolve("corpus");
    text = folder.resolve("text");
    for (String domain : List.of("plants", "trees")) {
      Path directory = Files.createDirectories(text.resolve(domain));
      String lines =
          IntStream.range(0, 60)
              .mapToObj(i -> "The " + domain + " number " + i * i * 7919 + " grow in the garden.\n")
              .collect(Collectors.joining());
      Files.writeString(directory.resolve("all.txt"), lines);
    }
  }

  private int tokenize(Object... args) {
    CommandLine commandLine = Cambium.commandLine(new Cambium());
    commandLine.setOut(new PrintWriter(printed, true));
    commandLine.setErr(new PrintWriter(printed, true));
    List<String> all = new ArrayList<>(List.of("tokenize", "--out", out.toString()));
    for (Object arg : args) {
      all.add(arg.toString());
    }
    return commandLine.execute(all.toArray(String[]::new));
  }

  private List<String> domains() {
    try (Corpus corpus = Corpus.open(out)) {
      return corpus.domains().stream().map(Corpus.Domain::name).toList();
    }
  }

  @Test
  void foldersAreDomains() {
    assertThat(tokenize(text, "--lines", 3, "--train-vocab", 300)).as(printed.toString()).isZero();
    assertThat(domains()).containsExactly("plants", "trees");
    assertThat(printed.toString()).contains("train tokens", "plants", "vocabulary of 300");
  }

  @Test
  void domainsCanBeNamed() {
    assertThat(
            tokenize(
                "--domain=a=" + text.resolve("trees"),
                "--domain=b",
                text.resolve("plants"),
                "--lines=2",
                "--train-vocab=300"))
        .as(printed.toString())
        .isZero();
    assertThat(domains()).containsExactly("a", "b");
  }

  @Test
  void anExistingTokenizerIsUsed() throws IOException {
    tokenize(text, "--lines", 3, "--train-vocab", 300);
    Path first = Files.move(out, folder.resolve("first"));
    assertThat(tokenize(text, "--lines", 1, "--tokenizer", first.resolve("tokenizer.json")))
        .as(printed.toString())
        .isZero();
    assertThat(out.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(first.resolve("tokenizer.json"));
  }

  @Test
  void mistakesAreUsageErrorsAndLeaveNothing() {
    assertThat(tokenize()).isEqualTo(2);
    assertThat(tokenize(folder.resolve("none"))).isEqualTo(2);
    assertThat(tokenize(text, "--train-vocab", 300)).as("one document each").isEqualTo(2);
    assertThat(tokenize(text, "--lines", 0)).isEqualTo(2);
    assertThat(tokenize(text, "--lines", 1, "--train-vocab", 100_000)).isEqualTo(2);
    assertThat(tokenize("--domain", "a")).isEqualTo(2);
    assertThat(tokenize(text, "--domain", "a", "--domain", "b")).isEqualTo(2);
    assertThat(tokenize(text, "--tokenizer", "x", "--train-vocab", 300)).isEqualTo(2);
    assertThat(tokenize(text, "--tokenizer", "x", "--keep-text")).isEqualTo(2);
    assertThat(tokenize(text, "--lines", 1, "--validation", 1)).isEqualTo(2);
    assertThat(printed.toString())
        .contains(
            "there is no text to write",
            "no such file",
            "split would be empty",
            "makes no documents",
            "no pair left",
            "has no INPUT",
            "comes after --domain a",
            "mutually exclusive",
            "nothing to keep",
            "not between 0 and 1");
    assertThat(out).doesNotExist();
    assertThat(out.resolveSibling("corpus.partial")).doesNotExist();
  }
}
