package io.cambium.upcycle;

import static io.cambium.upcycle.ConversionExample.failingAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.VerificationException;
import io.cambium.upcycle.Execution.Check;
import io.cambium.upcycle.Execution.Unfinished;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.ledger.HalfPrecision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an interrupted conversion left is gone on with where it can be trusted, or refused. */
class ResumeTest {

  private static final Execution RESUME = new Execution(3, Unfinished.RESUME, Check.BYTES);

  /** With others at work, no telling how many more units are done when one fails. */
  private static final Execution INTERRUPTED = new Execution(1, Unfinished.RESUME, Check.BYTES);

  private static final Execution UNCHECKED = new Execution(3, Unfinished.RESUME, Check.NONE);

  @TempDir Path folder;
  private ConversionExample example;

  @BeforeEach
  void source() throws IOException {
    example = ConversionExample.small(folder);
  }

  /** Stops after so many units, and leaves what is written. */
  private void interrupt(String init, int units) {
    assertThatThrownBy(() -> example.convert(init, INTERRUPTED, failingAt(units)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the disk: is full");
    assertThat(example.target()).doesNotExist();
    assertThat(example.staging()).isDirectory();
  }

  private Path shard() {
    return example.staging().resolve("model.safetensors.partial");
  }

  private Path journal() {
    return example.staging().resolve(Journal.FILE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"copy", "duplicate-noise", "drop"})
  void goesOnWhereItStopped(String init) throws IOException {
    Map<String, byte[]> expected = example.uninterrupted(init, Check.BYTES);
    for (int units : new int[] {1, 3, 2}) {
      interrupt(init, units);
    }
    UpcycleResult result = example.convert(init, RESUME, Progress.NONE);
    assertThat(result.writing().earlier()).isPositive();
    assertThat(result.writing().lost()).isZero();
    example.requireBytes(expected);
  }

  @ParameterizedTest
  @EnumSource(
      value = Unfinished.class,
      names = {"REFUSE", "RESUME"})
  void leavesAloneWhatIsNoConversion(Unfinished unfinished) throws IOException {
    Path notes = Files.createDirectories(example.staging().resolve("precious")).resolve("notes");
    Files.writeString(notes, "x");
    assertThatThrownBy(
            () -> example.convert("copy", new Execution(1, unfinished, Check.BYTES), Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("moe.partial: is where the result is written meanwhile, and holds")
        .hasMessageContaining("remove the directory, or begin anew by --overwrite");
    assertThat(notes).hasContent("x");
    assertThat(example.staging().toFile().list()).containsExactly("precious");
    example.convert("copy", new Execution(1, Unfinished.REPLACE, Check.BYTES), Progress.NONE);
    assertThat(example.target().resolve("precious")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void beginsInAnEmptyDirectory(boolean journal) throws IOException {
    Files.createDirectory(example.staging());
    if (journal) {
      Files.createFile(journal());
    }
    Execution refuse = new Execution(1, Unfinished.REFUSE, Check.BYTES);
    example.convert("copy", refuse, Progress.NONE);
    assertThat(example.target()).isDirectory();
  }

  /** As what failed its verification may be, and is looked into then. */
  @ParameterizedTest
  @ValueSource(strings = {".partial", ".replaced"})
  void sourcesAreNotWhatIsWrittenMeanwhile(String suffix) throws IOException {
    Path source = folder.resolve("moe" + suffix);
    Files.move(example.source(), source);
    ConversionExample moved = new ConversionExample(source, example.target());
    assertThatThrownBy(() -> moved.convert("copy", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("moe" + suffix)
        .hasMessageContaining("is or holds the source");
    assertThat(source.resolve("config.json")).exists();
  }

  @Test
  void sourcesBehindALinkAreSeen() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), example.source());
    ConversionExample inside = new ConversionExample(example.source(), link.resolve("moe"));
    assertThatThrownBy(() -> inside.convert("copy", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("is or holds the source");
  }

  @Test
  void goesOnWithTheSameConversionOnly() throws IOException {
    interrupt("copy", 2);
    assertThatThrownBy(() -> example.convert("drop", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with other options")
        .hasMessageContaining("--overwrite");
    Execution refuse = new Execution(1, Unfinished.REFUSE, Check.BYTES);
    assertThatThrownBy(() -> example.convert("copy", refuse, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("holds an unfinished conversion");
    Files.setLastModifiedTime(example.source().resolve("config.json"), FileTime.fromMillis(0));
    assertThatThrownBy(() -> example.convert("copy", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with other source files");
    example.convert("drop", new Execution(2, Unfinished.REPLACE, Check.BYTES), Progress.NONE);
    assertThat(example.target()).isDirectory();
  }

  /** Its units may be cut otherwise, and its numbers drawn otherwise. */
  @ParameterizedTest
  @ValueSource(strings = {"{\"writer\":-1,\"more\":0,", "{"})
  void refusesWhatAnotherVersionBegan(String beginning) throws IOException {
    interrupt("copy", 2);
    String text = Files.readString(journal());
    Files.writeString(
        journal(), text.replace("{\"writer\":" + Fingerprint.WRITER + ",", beginning));
    assertThatThrownBy(() -> example.convert("copy", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun by another version of Cambium")
        .hasMessageContaining("finish it with that version, or begin anew with --overwrite");
    assertThat(shard()).exists();
  }

  @ParameterizedTest
  @EnumSource(Unfinished.class)
  void leavesAloneWhatAnotherProcessIsWriting(Unfinished unfinished) throws IOException {
    interrupt("copy", 2);
    try (FileChannel other = FileChannel.open(journal(), StandardOpenOption.WRITE)) {
      other.lock();
      assertThatThrownBy(() ->
              example.convert("copy", new Execution(1, unfinished, Check.BYTES), Progress.NONE))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("moe.partial: is being written by another process");
    }
    assertThat(shard()).exists();
    assertThat(journal()).content().contains("\"unit\":0");
  }

  /** With or without reading back: nobody else looks at what the journal says. */
  @ParameterizedTest
  @EnumSource(
      value = Check.class,
      names = {"NONE", "BYTES"})
  void writesAgainWhatSomebodyDeletedOrCut(Check check) throws IOException {
    Map<String, byte[]> expected = example.uninterrupted("duplicate-noise", check);
    Execution resume = new Execution(3, Unfinished.RESUME, check);
    interrupt("duplicate-noise", 6);
    cut(shard(), Files.size(shard()) / 2);
    assertThatThrownBy(() -> example.convert("duplicate-noise", resume, failingAt(2)));
    Files.delete(shard());
    // What is written now makes the file as long as it was: the journal has to forget for good.
    assertThatThrownBy(() -> example.convert("duplicate-noise", resume, failingAt(2)));
    UpcycleResult result = example.convert("duplicate-noise", resume, Progress.NONE);
    assertThat(result.writing().lost()).isZero();
    example.requireBytes(expected);
  }

  private static void cut(Path file, long bytes) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void saysWhatItWroteAgain() throws IOException {
    interrupt("copy", 4);
    Files.delete(shard());
    UpcycleResult result = example.convert("copy", RESUME, Progress.NONE);
    assertThat(result.writing().earlier()).isZero();
    assertThat(result.describe())
        .contains("written before were gone or damaged, and written again");
  }

  @Test
  void whatNobodyReadsBackIsComparedAtOnce() throws IOException {
    Map<String, byte[]> expected = example.uninterrupted("duplicate-noise", Check.NONE);
    interrupt("duplicate-noise", 4);
    flipEveryByte(shard());
    UpcycleResult result = example.convert("duplicate-noise", UNCHECKED, Progress.NONE);
    assertThat(result.writing().lost()).isPositive();
    example.requireBytes(expected);
  }

  /** What lies on the disk is what counts, also where an earlier process wrote it. */
  @Test
  void findsWhatChangedOnTheDiskMeanwhile() throws IOException {
    interrupt("duplicate-noise", 4);
    assertThat(Files.readString(journal()).lines().count()).isGreaterThan(4);
    flipEveryByte(shard());
    assertThatThrownBy(() -> example.convert("duplicate-noise", RESUME, Progress.NONE))
        .isInstanceOf(VerificationException.class);
    assertThat(example.target()).doesNotExist();
    // It is left to be looked at, also by who tries again.
    assertThatThrownBy(() -> example.convert("duplicate-noise", RESUME, Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("such as what failed its verification");
    assertThat(example.staging().resolve("model.safetensors")).exists();
  }

  /** A plan knows them by number, and the experts are theirs in turn. */
  @Test
  void goesOnWithSourcesInTheirOrderOnly() throws IOException {
    Path other = HalfPrecision.write(folder.resolve("full"), folder.resolve("other"));
    List<Path> order = List.of(example.source(), other);
    assertThatThrownBy(() -> convert(order, failingAt(2))).hasMessageContaining("is full");
    assertThatThrownBy(() -> convert(order.reversed(), Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("was begun with other source files, or with several in another");
    convert(order, Progress.NONE);
    assertThat(example.target()).isDirectory();
  }

  private void convert(List<Path> models, Progress progress) {
    DenseSources sources =
        new DenseSources(models.stream().map(CheckpointSource::of).toList(), OptionalInt.of(0));
    try (PlannedUpcycle planned =
        Upcycler.planDense(
            sources,
            example.target(),
            DenseExamples.options(5, 1, "copy"),
            GrowthExamples.RUNNER,
            List.of())) {
      planned.execute(INTERRUPTED, progress);
    }
  }

  private static void flipEveryByte(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] ^= 1;
    }
    Files.write(file, bytes);
  }

  /** A name that is taken stands for a process that ends right before the directory is renamed. */
  @Test
  void goesOnAfterEverythingWasWritten() throws IOException {
    Map<String, byte[]> expected = example.uninterrupted("copy", Check.BYTES);
    Progress taking =
        (what, done, total) -> {
          if (what.equals("verifying") && done == total) {
            assertThat(example.target().toFile().mkdir()).isTrue();
          }
        };
    assertThatThrownBy(() -> example.convert("copy", RESUME, taking))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("exists already");
    Files.delete(example.target());
    UpcycleResult result = example.convert("copy", RESUME, Progress.NONE);
    assertThat(result.writing().bytes()).isZero();
    example.requireBytes(expected);
  }

  @Test
  void knowsWhetherThereIsSomethingToGoOnWith() throws IOException {
    try (PlannedUpcycle planned = example.plan("copy")) {
      assertThat(planned.unfinished()).isEmpty();
      // It is the caller who knows by which command.
      assertThatThrownBy(() -> planned.execute(RESUME, failingAt(2)))
          .hasMessageNotContaining("--resume");
      assertThat(planned.unfinished()).contains(example.staging().toRealPath());
      planned.execute(RESUME, Progress.NONE);
      assertThat(planned.unfinished()).isEmpty();
      planned.interrupted();
    }
  }
}
