package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class DirectFileTest {

  private static final Path IN_MEMORY = Path.of("/dev/shm");

  @TempDir Path temporary;

  /** Neither begins nor ends with a block, but has whole ones, which go past the cache. */
  private static void writeAndReadBack(Path path) throws IOException {
    byte[] bytes = new byte[(9 << 20) + 77];
    new Random(1).nextBytes(bytes);
    CRC32C checksum = new CRC32C();
    try (DirectFile file = DirectFile.forWriting(path)) {
      file.write(MemorySegment.ofArray(bytes), 0, checksum);
      CRC32C part = new CRC32C();
      file.read(3, 70_000, (_, data) -> part.update(data));
      CRC32C expected = new CRC32C();
      expected.update(bytes, 3, 70_000 - 3);
      assertThat(part.getValue()).isEqualTo(expected.getValue());
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(bytes);
    CRC32C read = new CRC32C();
    DirectFile.read(
        path,
        (position, data) -> {
          assertThat(data.get(data.position())).isEqualTo(bytes[(int) position]);
          read.update(data);
        });
    assertThat(read.getValue()).isEqualTo(checksum.getValue());
  }

  @Test
  void readsWhatItWrote() throws IOException {
    writeAndReadBack(temporary.resolve("file"));
  }

  /** As NFS and CephFS report them, and a file system in user space that reports none. */
  @Test
  void largerBlocksGoThroughTheCache() {
    assertThat(LongStream.of(512, 4096, 1 << 16)).allMatch(DirectFile::suits);
    assertThat(LongStream.of(0, 1 << 20, 4 << 20, 100_000)).noneMatch(DirectFile::suits);
  }

  /** At an odd place: the blocks between are written from memory that lies as the file does. */
  @Test
  void writesFromWhereItLies() throws IOException {
    int position = 12_345;
    byte[] bytes = new byte[(3 << 20) + 77];
    new Random(2).nextBytes(bytes);
    CRC32C expected = new CRC32C();
    expected.update(bytes);
    for (int shift : new int[] {0, 8}) {
      Path path = temporary.resolve("shifted-" + shift);
      CRC32C checksum = new CRC32C();
      try (Arena arena = Arena.ofConfined();
          DirectFile file = DirectFile.forWriting(path)) {
        MemorySegment data =
            arena
                .allocate(bytes.length + (1 << 17), 1 << 16)
                .asSlice(position + shift, bytes.length);
        data.copyFrom(MemorySegment.ofArray(bytes));
        file.write(data, position, checksum);
      }
      byte[] written = Files.readAllBytes(path);
      assertThat(Arrays.copyOfRange(written, position, written.length)).isEqualTo(bytes);
      assertThat(checksum.getValue()).isEqualTo(expected.getValue());
    }
  }

  static boolean hasFilesInMemory() {
    return Files.isWritable(IN_MEMORY);
  }

  /** Linux before 6.6 refuses to open one of these past the cache. */
  @Test
  @EnabledIf("hasFilesInMemory")
  void fallsBackWhereTheFileSystemRefuses() throws IOException {
    Path file = Files.createTempFile(IN_MEMORY, "cambium", ".test");
    try {
      writeAndReadBack(file);
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void whatIsWrongWithTheFileItselfIsAnError() {
    assertThatThrownBy(() -> DirectFile.forWriting(temporary.resolve("none").resolve("file")))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> DirectFile.read(temporary.resolve("none"), (_, _) -> {}))
        .isInstanceOf(NoSuchFileException.class);
  }
}
