package io.cambium.upcycle;

import static io.cambium.upcycle.GrowthExamples.files;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.VerificationException;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.ledger.HalfPrecision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Neither threads nor interruptions change a byte of a conversion, and memory is bounded. */
class ExecutionTest {

  private static final Execution RESUME = new Execution(3, Unfinished.RESUME, Check.BYTES);

  @TempDir Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void source() throws IOException {
    Path full = model("full", 1, 72, 300);
    source = HalfPrecision.write(full, folder.resolve("source"));
    target = folder.resolve("moe");
  }

  private Path model(String name, int layers, int hidden, int intermediate) throws IOException {
    Path directory = Files.createDirectory(folder.resolve(name));
    FreshModel.write(
        directory,
        Goldens.config("llama")
            .put("num_hidden_layers", layers)
            .put("hidden_size", hidden)
            .put("intermediate_size", intermediate),
        1);
    return directory;
  }

  private static UpcycleResult convert(
      Path source, Path target, String init, Execution execution, Progress progress) {
    DenseOptions options =
        new DenseOptions(
            5,
            2,
            1,
            LayerChoice.ALL,
            false,
            ExpertInitialisations.named(init, Parameters.DEFAULT),
            Normal.DEFAULT,
            Optional.empty(),
            Engine.DEFAULT,
            0,
            false);
    try (PlannedUpcycle planned =
        Upcycler.planDense(
            DenseSources.of(source), target, options, GrowthExamples.RUNNER, List.of())) {
      return planned.execute(execution, progress);
    }
  }

  private Map<String, byte[]> uninterrupted(String init) throws IOException {
    Path reference = folder.resolve("reference");
    convert(
        source, reference, init, new Execution(1, Unfinished.REFUSE, Check.BYTES), Progress.NONE);
    return files(reference);
  }

  private void requireSameBytes(Map<String, byte[]> expected) throws IOException {
    Map<String, byte[]> actual = files(target);
    assertThat(actual).containsOnlyKeys(expected.keySet());
    expected.forEach((name, bytes) ->
        assertThat(Arrays.mismatch(Objects.requireNonNull(actual.get(name)), bytes))
            .as(name)
            .isEqualTo(-1));
  }

  /** Fails at so many updates while writing. */
  private static Progress failingAt(int updates) {
    AtomicInteger left = new AtomicInteger(updates);
    return (what, done, total) -> {
      if (what.equals("writing") && left.decrementAndGet() == 0) {
        throw new CheckpointException("the disk", "is full", "make room");
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"copy", "duplicate-noise", "drop"})
  void goesOnWhereItStopped(String init) throws IOException {
    Map<String, byte[]> expected = uninterrupted(init);
    for (int update : new int[] {1, 4, 2}) {
      assertThatThrownBy(() -> convert(source, target, init, RESUME, failingAt(update)))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("the disk: is full")
          .hasMessageContaining("--resume goes on")
          .hasMessageContaining("moe.partial");
      assertThat(target).doesNotExist();
    }
    UpcycleResult result = convert(source, target, init, RESUME, Progress.NONE);
    assertThat(result.writing().earlier()).isPositive();
    requireSameBytes(expected);
    assertThat(folder.resolve("moe.partial")).doesNotExist();
  }

  @Test
  void goesOnWithTheSameConversionOnly() throws IOException {
    assertThatThrownBy(() -> convert(source, target, "copy", RESUME, failingAt(2)));
    assertThatThrownBy(() -> convert(source, target, "drop", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with other options")
        .hasMessageContaining("--overwrite");
    Execution refuse = new Execution(1, Unfinished.REFUSE, Check.BYTES);
    assertThatThrownBy(() -> convert(source, target, "copy", refuse, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("holds an unfinished conversion");
    Files.setLastModifiedTime(source.resolve("config.json"), FileTime.fromMillis(0));
    assertThatThrownBy(() -> convert(source, target, "copy", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with other source files");
    convert(
        source, target, "drop", new Execution(2, Unfinished.REPLACE, Check.BYTES), Progress.NONE);
    assertThat(target).isDirectory();
  }

  /** What lies on the disk is what counts, also where an earlier process wrote it. */
  @Test
  void findsWhatChangedOnTheDiskMeanwhile() throws IOException {
    assertThatThrownBy(() -> convert(source, target, "duplicate-noise", RESUME, failingAt(4)));
    Path shard = folder.resolve("moe.partial").resolve("model.safetensors.partial");
    String journal = Files.readString(folder.resolve("moe.partial").resolve(Journal.FILE));
    assertThat(journal.lines().count()).isGreaterThan(4);
    try (FileChannel channel =
        FileChannel.open(shard, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      flipEveryByte(channel);
    }
    assertThatThrownBy(() -> convert(source, target, "duplicate-noise", RESUME, Progress.NONE))
        .isInstanceOf(VerificationException.class);
    assertThat(target).doesNotExist();
  }

  private static void flipEveryByte(FileChannel channel) throws IOException {
    byte[] bytes = new byte[(int) channel.size()];
    channel.read(ByteBuffer.wrap(bytes), 0);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] ^= 1;
    }
    channel.write(ByteBuffer.wrap(bytes), 0);
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSourceThatVanishesIsOneClearMessage() throws IOException {
    Progress cut =
        (what, done, total) -> {
          if (what.equals("writing")) {
            truncate(source.resolve("model.safetensors"));
          }
        };
    Execution alone = new Execution(1, Unfinished.RESUME, Check.NONE);
    assertThatThrownBy(() -> convert(source, target, "copy", alone, cut))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("source: can no longer be read")
        .hasMessageContaining("--resume goes on");
    assertThat(target).doesNotExist();
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
    UpcycleResult result = convert(source, target, "copy", none, Progress.NONE);
    assertThat(result.verification().describe()).startsWith("not verified");
    assertThat(Manifest.read(target).orElseThrow().sha256()).isEmpty();
  }

  @Test
  void killedAtAnyMomentItEndsInTheSameBytes() throws IOException, InterruptedException {
    source = model("larger", 2, 256, 1024);
    Map<String, byte[]> expected = uninterrupted("duplicate-noise");
    Random random = new Random(5);
    for (int kill = 0; kill < 4; kill++) {
      Process process = start(List.of(), "duplicate-noise");
      if (!process.waitFor(300 + random.nextInt(900), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        process.waitFor();
        assertThat(target).doesNotExist();
      }
    }
    if (Files.notExists(target)) {
      assertThat(start(List.of(), "duplicate-noise").waitFor()).isZero();
    }
    requireSameBytes(expected);
  }

  /** A checkpoint of 100 MB, in a machine that has less than that for all it does. */
  @Test
  void memoryIsBoundedWhateverTheModelsSize() throws IOException, InterruptedException {
    source = model("larger", 2, 512, 1792);
    List<String> bounds = List.of("-Xmx56m", "-XX:MaxDirectMemorySize=32m");
    for (String init : List.of("copy", "duplicate-noise")) {
      target = folder.resolve(init);
      Process process = start(bounds, init);
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(Files.size(target.resolve("model.safetensors"))).isGreaterThan(100_000_000);
    }
  }

  /** A limit on the size of files stands for a full disk. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aFullDiskLeavesWhatCanBeGoneOnWith() throws IOException, InterruptedException {
    source = model("larger", 2, 256, 1024);
    Process process = limited("copy");
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(CambiumException.WORK_FAILED);
    assertThat(output).contains("cannot be written: File too large").contains("--resume goes on");
    assertThat(target).doesNotExist();
    convert(source, target, "copy", RESUME, Progress.NONE);
    requireSameBytes(uninterrupted("copy"));
  }

  private Process limited(String init) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -f 20000 && LC_ALL=C exec \"$@\"", "sh"));
    command.addAll(command(List.of("-Xmx96m"), init));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private Process start(List<String> options, String init) throws IOException {
    return new ProcessBuilder(command(options, init)).redirectErrorStream(true).start();
  }

  private List<String> command(List<String> options, String init) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Conversion.class.getName(),
            source.toString(),
            target.toString(),
            init));
    return command;
  }

  /** The process that is killed, or has little memory. */
  static final class Conversion {

    private Conversion() {}

    public static void main(String[] args) {
      try {
        convert(
            Path.of(args[0]),
            Path.of(args[1]),
            args[2],
            new Execution(2, Unfinished.RESUME, Check.BYTES),
            Progress.NONE);
      } catch (CambiumException e) {
        System.out.println(e.getMessage());
        System.exit(e.exitCode());
      }
    }
  }
}
