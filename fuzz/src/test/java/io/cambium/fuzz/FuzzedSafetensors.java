package io.cambium.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Safetensors files out of any bytes: the first says how many bytes of data there are, in steps of
 * 64; a header of the right length comes before them. With 255 there the rest is the whole file.
 */
record FuzzedSafetensors(Path file, EditedJson header) {

  private static final int WHOLE_FILE = 255;
  private static final int STEP = 64;

  /**
   * @param name of a directory for them
   */
  static FuzzedSafetensors of(String name, EditedJson header) {
    return new FuzzedSafetensors(Scratch.directory(name).resolve("x.safetensors"), header);
  }

  /** Reads the file that an input stands for, within {@link Limits}. */
  void read(byte[] input, Consumer<Path> reader) {
    Scratch.write(file, bytes(input));
    Limits.hold(input, () -> reader.accept(file));
  }

  private byte[] bytes(byte[] input) {
    int first = input.length == 0 ? WHOLE_FILE : Byte.toUnsignedInt(input[0]);
    byte[] rest = input.length == 0 ? input : Arrays.copyOfRange(input, 1, input.length);
    if (first == WHOLE_FILE) {
      return rest;
    }
    byte[] json = header.of(rest);
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + json.length + first * STEP).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.putLong(json.length).put(json).array();
  }

  /** Inputs to begin with. */
  Stream<Arguments> seeds() {
    return header
        .seeds()
        .flatMap(seed -> Stream.of(0, 1, 2, 3, WHOLE_FILE).map(first -> with(first, seed)));
  }

  private static Arguments with(int first, Arguments seed) {
    byte[] json = (byte[]) seed.get()[0];
    byte[] input =
        first == WHOLE_FILE
            ? ByteBuffer.allocate(1 + Long.BYTES + json.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) first)
                .putLong(json.length)
                .put(json)
                .array()
            : ByteBuffer.allocate(1 + json.length).put((byte) first).put(json).array();
    return Arguments.of((Object) input);
  }
}
