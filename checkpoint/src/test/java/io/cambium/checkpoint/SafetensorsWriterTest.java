package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsWriterTest {

  private static final List<TensorSpec> TWO =
      List.of(new TensorSpec("a", DType.U8, List.of(5L)), new TensorSpec("b", DType.U8, List.of()));

  @TempDir Path temporary;

  /** The reference implementation wrote the fixtures; see make.py beside them. */
  @ParameterizedTest
  @ValueSource(strings = {"dtypes.safetensors", "plain.safetensors"})
  void writesTheBytesOfTheReferenceImplementation(String fixture) throws IOException {
    Path reference = temporary.resolve(fixture);
    try (InputStream in = getClass().getResourceAsStream("/safetensors/" + fixture)) {
      Files.copy(Objects.requireNonNull(in), reference);
    }
    Path copy = temporary.resolve("copy");
    try (SafetensorsFile file = SafetensorsFile.open(reference)) {
      List<String> names = new ArrayList<>(file.tensors().keySet());
      Collections.shuffle(names, new Random(3));
      List<TensorSpec> specs =
          names.stream().map(n -> Objects.requireNonNull(file.tensors().get(n)).spec()).toList();
      try (SafetensorsWriter writer = SafetensorsWriter.create(copy, specs, file.metadata())) {
        names.forEach(name -> writer.write(name, file.data(name)));
      }
    }
    assertThat(copy).hasSameBinaryContentAs(reference);
  }

  @Test
  void layoutDependsOnNeitherTheOrderOfTensorsNorOfMetadata() {
    Map<String, String> metadata = Map.of("b", "2", "a", "1", "c", "3");
    assertThat(SafetensorsHeader.layout(TWO, metadata).encode())
        .isEqualTo(SafetensorsHeader.layout(TWO.reversed(), metadata).encode());
    assertThat(text(SafetensorsHeader.layout(TWO, metadata)))
        .contains("{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"},\"a\":{");
  }

  private static String text(SafetensorsHeader header) {
    return StandardCharsets.UTF_8.decode(header.encode()).toString();
  }

  @Test
  void writesPieces() {
    Path path = temporary.resolve("pieces");
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, TWO, Map.of())) {
      writer.write("a", 3, bytes(4, 5));
      writer.write("b", bytes(9));
      writer.write("a", 0, bytes(1, 2, 3));
      assertThat(path).doesNotExist();
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.data("a").mismatch(bytes(1, 2, 3, 4, 5))).isEqualTo(-1);
      assertThat(file.data("b").mismatch(bytes(9))).isEqualTo(-1);
    }
    assertThat(temporary).isDirectoryContaining(path::equals).satisfies(this::holdsOneFile);
  }

  private void holdsOneFile(Path directory) {
    assertThat(directory.toFile().list()).hasSize(1);
  }

  @Test
  void takesDataFromWhereverItLies() {
    byte[] expected = {0, 0, 0, 0, 0, 0, -16, 63};
    double[] heap = {1};
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment nativeCopy = arena.allocateFrom(ValueLayout.JAVA_BYTE, expected);
      List<MemorySegment> sources =
          List.of(
              nativeCopy,
              MemorySegment.ofArray(expected),
              MemorySegment.ofArray(heap),
              MemorySegment.ofArray(heap).asReadOnly(),
              MemorySegment.ofArray(new double[] {0, 1}).asSlice(Double.BYTES),
              nativeCopy.asReadOnly(),
              MemorySegment.ofArray(expected).asReadOnly());
      for (int i = 0; i < sources.size(); i++) {
        Path path = temporary.resolve("source" + i);
        TensorSpec spec = new TensorSpec("x", DType.F64, List.of());
        try (SafetensorsWriter writer = SafetensorsWriter.create(path, List.of(spec), Map.of())) {
          writer.write("x", sources.get(i));
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
          assertThat(file.data("x").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void anIncompleteFileGetsNoName() {
    Path path = temporary.resolve("incomplete");
    SafetensorsWriter writer = SafetensorsWriter.create(path, TWO, Map.of());
    writer.write("a", 0, bytes(1, 2));
    assertThatThrownBy(writer::requireComplete).hasMessageContaining("lacks data of [a, b]");
    assertThatThrownBy(writer::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("lacks data of [a, b]");
    assertThat(temporary).isEmptyDirectory();
    writer.close();
  }

  @Test
  void whatIsGoneOnWithIsNeverDeleted() throws IOException {
    Path path = temporary.resolve("resumed");
    Path partial = temporary.resolve("resumed.partial");
    SafetensorsWriter first = SafetensorsWriter.resume(path, TWO, Map.of());
    assertThat(first.held("a", 0, 5)).isFalse();
    first.write("a", 0, bytes(1, 2, 3, 4, 5));
    assertThat(first.crc32c("a", 1, 3)).isEqualTo(crc32c(2, 3, 4));
    assertThatThrownBy(first::close).isInstanceOf(IllegalStateException.class);
    SafetensorsWriter second = SafetensorsWriter.resume(path, TWO, Map.of());
    second.abandon();
    SafetensorsWriter third = SafetensorsWriter.resume(path, TWO, Map.of());
    assertThat(third.held("a", 0, 5)).isTrue();
    assertThat(third.held("b", 0, 1)).isFalse();
    third.alreadyWritten("a", 5);
    third.write("b", bytes(6));
    Files.createDirectories(path.resolve("in the way"));
    assertThatThrownBy(third::close).isInstanceOf(CheckpointException.class);
    assertThat(partial).exists();
  }

  private static int crc32c(int... values) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes(values).asByteBuffer());
    return (int) checksum.getValue();
  }

  /** A process that is asked to end flushes while its files are being closed. */
  @Test
  void flushingWhatIsClosedDoesNothing() {
    SafetensorsWriter writer =
        SafetensorsWriter.create(temporary.resolve("closed"), List.of(), Map.of());
    writer.close();
    writer.force();
  }

  @Test
  void anExistingFileIsLeftAlone() throws IOException {
    Path path = Files.writeString(temporary.resolve("present"), "mine");
    assertThatThrownBy(() -> SafetensorsWriter.create(path, TWO, Map.of()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("exists already");
    assertThat(path).hasContent("mine");
  }

  @Test
  void aFileIsReplacedWhenTheNewOneIsComplete() throws IOException {
    Path path = Files.writeString(temporary.resolve("old"), "mine");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), path);
    SafetensorsWriter given = SafetensorsWriter.replace(link, TWO, Map.of());
    given.write("a", 0, bytes(1, 2));
    assertThatThrownBy(given::close).hasMessageContaining("lacks data of");
    assertThat(path).as("as it was given up").hasContent("mine");
    try (SafetensorsWriter writer = SafetensorsWriter.replace(link, TWO, Map.of())) {
      writer.write("a", bytes(1, 2, 3, 4, 5));
      writer.write("b", bytes(9));
      assertThat(path).hasContent("mine");
    }
    assertThat(link).isSymbolicLink();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.data("b").mismatch(bytes(9))).isEqualTo(-1);
    }
    assertThatThrownBy(() -> SafetensorsWriter.replace(temporary, TWO, Map.of()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("is no file");
  }

  @Test
  void refusesDataThatHasNoPlace() {
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(temporary.resolve("places"), List.of(), Map.of())) {
      assertThatThrownBy(() -> writer.write("c", bytes(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    SafetensorsWriter writer = SafetensorsWriter.create(temporary.resolve("more"), TWO, Map.of());
    for (long offset : new long[] {-1, 5, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> writer.write("a", offset, bytes(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    writer.abandon();
  }

  @Test
  void refusesNamesThatMeanTwoThings() {
    TensorSpec spec = new TensorSpec("__metadata__", DType.F32, List.of());
    assertThatThrownBy(() -> SafetensorsHeader.layout(List.of(spec), Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> SafetensorsHeader.layout(List.of(TWO.getFirst(), TWO.getFirst()), Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aDirectoryThatIsNotThereIsOneClearMessage() {
    Path path = temporary.resolve("nowhere").resolve("file");
    assertThatThrownBy(() -> SafetensorsWriter.create(path, TWO, Map.of()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(path + ": cannot be written: no such file");
  }

  private static MemorySegment bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return MemorySegment.ofArray(bytes);
  }
}
