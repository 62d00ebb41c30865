package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {

  private static final String A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
  private static final String B = "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}";

  @TempDir Path temporary;

  private Path file(byte[] header, int dataBytes) throws IOException {
    return file(header.length, header, dataBytes);
  }

  private Path file(long claimedBytes, byte[] header, int dataBytes) throws IOException {
    ByteBuffer file =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(claimedBytes).put(header);
    for (int i = 0; i < dataBytes; i++) {
      file.put((byte) i);
    }
    return Files.write(temporary.resolve("file"), file.array());
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void accepts(String header, int dataBytes) throws IOException {
    SafetensorsFile.open(file(utf8(header), dataBytes)).close();
  }

  private void refuses(Path path, String message) {
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(path.toString())
        .hasMessageContaining(message);
  }

  private void refuses(String header, int dataBytes, String message) throws IOException {
    refuses(file(utf8(header), dataBytes), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{%1$s,%2$s}",
        "{%2$s,%1$s}",
        "  {%1$s,%2$s} \n\t ",
        "{\"__metadata__\":null,%1$s,%2$s}",
        "{\"__metadata__\":{},%1$s,%2$s}",
        "{\"__metadata__\":{\"format\":\"pt\"},%1$s,%2$s}",
        "{%1$s,\"b\":{\"more\":[1],\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}",
        "{%1$s,\"z\":{\"dtype\":\"I64\",\"shape\":[0,9],\"data_offsets\":[8,8]},%2$s}",
        "{%1$s,%2$s,\"z\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[11,11]}}"
      })
  void acceptsWhatTheFormatAllows(String header) throws IOException {
    Path path = file(utf8(header.formatted(A, B)), 11);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.tensors()).containsKeys("a", "b");
      assertThat(file.data("b").toArray(ValueLayout.JAVA_BYTE)).containsExactly(8, 9, 10);
    }
  }

  @Test
  void acceptsAFileWithoutTensors() throws IOException {
    accepts("{}", 0);
    refuses("{}", 1, "has bytes after its data");
  }

  @Test
  void acceptsSubByteElementsThatEndOnAByte() throws IOException {
    accepts("{\"a\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[0,3]}}", 3);
    accepts("{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],\"data_offsets\":[0,3]}}", 3);
    refuses(
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}",
        2,
        "do not end on a byte");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 8, 9, 20})
  void refusesAFileCutShort(int bytes) throws IOException {
    Path path = file(utf8("{" + A + "}"), 8);
    Files.write(path, Arrays.copyOf(Files.readAllBytes(path), bytes));
    assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOf(CheckpointException.class);
  }

  @Test
  void refusesTooFewOrTooManyBytes() throws IOException {
    refuses("{" + A + "," + B + "}", 10, "is truncated: the header describes 11 bytes of data");
    refuses("{" + A + "," + B + "}", 12, "has bytes after its data");
  }

  @ParameterizedTest
  @CsvSource({
    "1152921504606846976, claims a header of 1152921504606846976 bytes",
    "-1, claims a header of 18446744073709551615 bytes",
    "100000001, claims a header of 100000001 bytes",
    "63, claims a header of 63 bytes in a file of 70",
    "0, is no JSON object",
    "1, is not valid JSON"
  })
  void refusesAHeaderLengthThatCannotBe(long claimedBytes, String message) throws IOException {
    refuses(file(claimedBytes, utf8("{" + A + "}"), 8), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]                                                          | is no JSON object",
        "nil                                                         | is not valid JSON",
        "{} {}                                                       | is not valid JSON",
        "{'a':{'shape':[],'data_offsets':[0,0]}}                     | an unknown dtype",
        "{'a':{'dtype':'F31','shape':[],'data_offsets':[0,4]}}       | an unknown dtype",
        "{'a':{'dtype':'f32','shape':[],'data_offsets':[0,4]}}       | an unknown dtype",
        "{'a':{'dtype':3,'shape':[],'data_offsets':[0,4]}}           | an unknown dtype",
        "{'a':null}                                                  | an unknown dtype",
        "{'a':{'dtype':'F32','data_offsets':[0,4]}}                  | has no shape",
        "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}        | has no shape",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}    | not a list of whole",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}     | not a list of whole",
        "{'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}}    | not a list of whole",
        "{'a':{'dtype':'F32','shape':[2]}}                           | has no data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}}        | not [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}    | not [begin, end]",
        "{'a':{'dtype':'F32','shape':[0],'data_offsets':[8,0]}}      | not [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}}     | not a list of whole",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}      | holds 8 bytes where",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,9223372036854775808]}} | whole",
        "{'a':{'dtype':'U8','shape':[9223372036854775807],'data_offsets':[0,9223372036854775807]}}"
            + "| an impossible size",
        "{'a':{'dtype':'U8','shape':[1152921504606846975],'data_offsets':[0,1152921504606846975]}}"
            + "| is truncated",
        "{'a':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,0]}}"
            + "| an impossible size",
        "{'a':{'dtype':'U64','shape':[2305843009213693952],'data_offsets':[0,0]}}"
            + "| an impossible size",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},"
            + "'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | \"b\": overlaps",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},"
            + "'b':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | overlaps",
        "{'a':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | leaves a hole of 4 bytes",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},"
            + "'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | Duplicate",
        "{'a':{'dtype':'U8','shape':[8],'shape':[8],'data_offsets':[0,8]}} | Duplicate",
        "{'__metadata__':{'a':'1','a':'2'},"
            + "'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | Duplicate",
        "{'__metadata__':{'a':1},'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | no string",
        "{'__metadata__':{'a':null},'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | no string",
        "{'__metadata__':[],'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}} | is no object"
      })
  void refusesAMalformedHeader(String header, String message) throws IOException {
    refuses(header.replace('\'', '"'), 8, message);
  }

  @Test
  void refusesTextThatIsNotPlainUtf8() throws IOException {
    String header = "{" + A + "}";
    refuses(file(header.getBytes(StandardCharsets.UTF_16LE), 8), "is not valid JSON");
    refuses(file(header.getBytes(StandardCharsets.UTF_16), 8), "is not UTF-8");
    refuses(file(utf8("\uFEFF" + header), 8), "is not valid JSON");
    refuses(file(utf8(header + "\0"), 8), "is not valid JSON");
    refuses(file(header.replace('a', '\u00e9').getBytes(StandardCharsets.ISO_8859_1), 8), "UTF-8");
  }

  @Test
  void refusesDeepNestingWithoutOverflowingTheStack() throws IOException {
    refuses("{\"a\":" + "[".repeat(1_000_000), 8, "is not valid JSON");
  }

  /** Either refused, or another description of the same bytes: another name, type or shape. */
  @Test
  void everyFlippedBitOfAHeaderIsRefusedOrHarmless() throws IOException {
    byte[] good =
        Files.readAllBytes(
            file(utf8("{\"__metadata__\":{\"format\":\"pt\"}," + A + "," + B + "}"), 11));
    Path path = temporary.resolve("flipped");
    int refused = 0;
    int headerBits = (good.length - 11) * 8;
    for (int bit = 0; bit < headerBits; bit++) {
      byte[] flipped = good.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      Files.write(path, flipped);
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        assertThat(file.tensors().values().stream().mapToLong(TensorEntry::bytes).sum())
            .isEqualTo(11);
      } catch (CheckpointException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(headerBits / 2);
  }

  @Test
  void refusesWhatIsNoFile() {
    refuses(temporary.resolve("missing"), "cannot be read: no such file");
    refuses(temporary, "is no regular file");
  }

  @Test
  void namesAreChecked() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(file(utf8("{" + A + "}"), 8))) {
      assertThatThrownBy(() -> file.data("c"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("has no tensor \"c\"");
      assertThatThrownBy(() -> file.tensors().clear())
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  /** Sparse: only the last bytes are written, so that it takes neither disk nor time. */
  @ParameterizedTest
  @ValueSource(longs = {(1L << 31) + 13, (1L << 32) + 13})
  void reachesTheFarEndOfALargeFile(long elements) throws IOException {
    Path path = temporary.resolve("large");
    MemorySegment end = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7});
    List<TensorSpec> specs =
        List.of(
            new TensorSpec("large", DType.U8, List.of(elements)),
            new TensorSpec("small", DType.BOOL, List.of(7L)));
    SafetensorsWriter writer = SafetensorsWriter.create(path, specs, Map.of());
    writer.write("large", elements - 7, end);
    writer.write("small", end);
    Files.move(temporary.resolve("large.partial"), path);
    writer.abandon();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      MemorySegment large = file.data("large");
      assertThat(large.byteSize()).isEqualTo(elements);
      assertThat(large.asSlice(elements - 7).mismatch(end)).isEqualTo(-1);
      assertThat(file.data("small").mismatch(end)).isEqualTo(-1);
    }
  }
}
