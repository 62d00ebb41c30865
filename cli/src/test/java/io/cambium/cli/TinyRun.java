package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A corpus of two domains and a model of three experts, with which a step takes milliseconds. */
final class TinyRun {

  private TinyRun() {}

  /** Writes {@code corpus} and {@code model}. */
  static void prepare(Path folder) throws IOException {
    writeText(folder.resolve("text/letters"), 97, 26);
    writeText(folder.resolve("text/digits"), 48, 10);
    run(
        "tokenize",
        folder.resolve("text").toString(),
        "--out",
        folder.resolve("corpus").toString(),
        "--train-vocab",
        "270");
    run(
        "init",
        folder.resolve("model").toString(),
        "--hidden",
        "16",
        "--layers",
        "2",
        "--heads",
        "2",
        "--kv-heads",
        "1",
        "--head-dim",
        "8",
        "--experts",
        "3",
        "--ffn",
        "8",
        "--dense-ffn",
        "24",
        "--vocab",
        "270",
        "--context",
        "32");
  }

  private static void writeText(Path domain, int first, int count) throws IOException {
    Files.createDirectories(domain);
    SplittableRandom random = new SplittableRandom(first);
    for (int document = 0; document < 12; document++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 4_000; i++) {
        text.append(random.nextInt(5) == 0 ? ' ' : (char) (first + random.nextInt(count)));
      }
      Files.writeString(domain.resolve(document + ".txt"), text);
    }
  }

  /** A command that must succeed. */
  static void run(String... args) {
    assertThat(Cambium.execute(args)).as(String.join(" ", args)).isZero();
  }

  static String[] with(String[] args, String... more) {
    return Stream.concat(Stream.of(args), Stream.of(more)).toArray(String[]::new);
  }

  /**
   * The program in a process of its own.
   *
   * @param shell what the command is given to; empty for nothing
   * @param log where its output goes
   */
  static ProcessBuilder process(List<String> shell, Path log, String... args) {
    List<String> command = new ArrayList<>(shell);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "io.cambium.cli.Cambium"));
    command.addAll(Arrays.asList(args));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
  }

  /** Waits until a run has logged a step. */
  static void awaitStep(Process process, Path run, long step, Path log) throws Exception {
    Path metrics = run.resolve("metrics.jsonl");
    while (process.isAlive()
        && !(Files.exists(metrics)
            && Files.readString(metrics).contains("\"event\":\"train\",\"step\":" + step + ","))) {
      process.waitFor(2, TimeUnit.MILLISECONDS);
    }
    assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
  }
}
