package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Neither threads nor interruptions change a byte of a conversion, and memory is bounded. */
class ExecutionTest {

  @TempDir Path folder;
  private ConversionExample example;

  @BeforeEach
  void source() throws IOException {
    example = ConversionExample.small(folder);
  }

  /** Of a model that takes a moment. */
  private ConversionExample larger(int hidden, int intermediate) throws IOException {
    return new ConversionExample(
        DenseExamples.llama(folder.resolve("larger"), 2, hidden, intermediate),
        folder.resolve("moe"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"writing", "verifying"})
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSourceThatVanishesIsOneClearMessage(String work) {
    Progress cut =
        (what, done, total) -> {
          if (what.equals(work)) {
            truncate(example.source().resolve("model.safetensors"));
          }
        };
    Execution alone = new Execution(1, Unfinished.RESUME, Check.BYTES);
    assertThatThrownBy(() -> example.convert("copy", alone, cut))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("source: can no longer be read");
    assertThat(example.target()).doesNotExist();
  }

  @Test
  void aMissingFileBesideTheWeightsIsTheSourcesFault() throws IOException {
    Path tokenizer = Files.writeString(example.source().resolve("tokenizer.json"), "{}");
    try (PlannedUpcycle planned = example.plan("copy")) {
      Files.delete(tokenizer);
      assertThatThrownBy(() -> planned.execute(Progress.NONE))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining(tokenizer + ": cannot be read: no such file");
    }
  }

  private static void truncate(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(4096);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void withoutReadingBackThereAreNoChecksums() {
    Execution none = new Execution(2, Unfinished.REFUSE, Check.NONE);
    UpcycleResult result = example.convert("copy", none, Progress.NONE);
    assertThat(result.verification().describe()).startsWith("not verified");
    assertThat(Manifest.read(example.target()).orElseThrow().sha256()).isEmpty();
  }

  @Test
  void progressNeverGoesBack() throws IOException {
    List<String> problems = new CopyOnWriteArrayList<>();
    Map<String, Long> last = new ConcurrentHashMap<>();
    Progress progress =
        (what, done, total) -> {
          Long before = last.put(what, done);
          if (before != null && done <= before) {
            problems.add(what + ": " + done + " after " + before);
          }
        };
    Execution many = new Execution(16, Unfinished.REFUSE, Check.BYTES);
    larger(128, 512).convert("duplicate-noise", many, progress);
    assertThat(problems).isEmpty();
    assertThat(last).containsKeys("writing", "verifying");
  }

  @Test
  void killedAtAnyMomentItEndsInTheSameBytes() throws IOException, InterruptedException {
    example = larger(256, 1024);
    Map<String, byte[]> expected = example.uninterrupted("duplicate-noise", Check.BYTES);
    Random random = new Random(5);
    for (int kill = 0; kill < 4; kill++) {
      Process process = start(List.of(), "duplicate-noise", 2);
      if (!process.waitFor(300 + random.nextInt(900), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        process.waitFor();
      }
      if (Files.exists(example.target())) { // it was done before the kill, and is whole or a fault
        break;
      }
    }
    if (Files.notExists(example.target())) {
      assertThat(start(List.of(), "duplicate-noise", 2).waitFor()).isZero();
    }
    example.requireBytes(expected);
  }

  /** Also once the journal was read. */
  @Test
  void aSecondProcessIsKeptOut() {
    Execution resume = new Execution(1, Unfinished.RESUME, Check.BYTES);
    assertThatThrownBy(() -> example.convert("copy", resume, ConversionExample.failingAt(2)));
    List<String> outputs = new CopyOnWriteArrayList<>();
    Progress second =
        (what, done, total) -> {
          if (outputs.isEmpty()) {
            outputs.add(outputOfAnother());
          }
        };
    example.convert("copy", resume, second);
    assertThat(outputs).singleElement().asString().contains("is being written by another process");
  }

  private String outputOfAnother() {
    try {
      Process process = start(List.of(), "copy", 1);
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Buffers beside the heap: 8 MB a thread, but no more than 16 of them. */
  @ParameterizedTest
  @CsvSource({"2, 56, 32", "64, 72, 132"})
  void memoryIsBoundedWhateverTheModelsSize(int threads, int heap, int buffers)
      throws IOException, InterruptedException {
    Path source = larger(512, 1792).source();
    List<String> bounds = List.of("-Xmx" + heap + "m", "-XX:MaxDirectMemorySize=" + buffers + "m");
    for (String init : List.of("copy", "duplicate-noise")) {
      example = new ConversionExample(source, folder.resolve(init));
      Process process = start(bounds, init, threads);
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(Files.size(example.target().resolve("model.safetensors")))
          .isGreaterThan(100_000_000);
    }
  }

  /** For file systems that take a file past the cache, and then refuse what is written to it. */
  @Test
  void theSystemsCacheCanBeInsistedOn() throws IOException, InterruptedException {
    Process process = start(List.of("-Dcambium.direct=false"), "copy", 2);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("through the system's cache", "reads back as it was written, if from the system");
    example.requireBytes(example.uninterrupted("copy", Check.BYTES));
  }

  /** A limit on the size of files stands for a full disk. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aFullDiskLeavesWhatCanBeGoneOnWith() throws IOException, InterruptedException {
    example = larger(256, 1024);
    Process process = limited("copy");
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(CambiumException.WORK_FAILED);
    assertThat(output).contains("cannot be written: File too large");
    assertThat(example.target()).doesNotExist();
    Execution resume = new Execution(3, Unfinished.RESUME, Check.BYTES);
    assertThat(example.convert("copy", resume, Progress.NONE).writing().earlier()).isPositive();
    example.requireBytes(example.uninterrupted("copy", Check.BYTES));
  }

  private Process limited(String init) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -f 20000 && LC_ALL=C exec \"$@\"", "sh"));
    command.addAll(command(List.of("-Xmx96m"), init, 2));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private Process start(List<String> options, String init, int threads) throws IOException {
    return new ProcessBuilder(command(options, init, threads)).redirectErrorStream(true).start();
  }

  private List<String> command(List<String> options, String init, int threads) {
    return DenseExamples.java(
        Conversion.class,
        options,
        example.source().toString(),
        example.target().toString(),
        init,
        Integer.toString(threads));
  }

  /** The process that is killed, or has little memory. */
  static final class Conversion {

    private Conversion() {}

    public static void main(String[] args) {
      ConversionExample example = new ConversionExample(Path.of(args[0]), Path.of(args[1]));
      Execution resume = new Execution(Integer.parseInt(args[3]), Unfinished.RESUME, Check.BYTES);
      try {
        System.out.println(example.convert(args[2], resume, Progress.NONE).describe());
      } catch (CambiumException e) {
        System.out.println(e.getMessage());
        System.exit(e.exitCode());
      }
    }
  }
}
