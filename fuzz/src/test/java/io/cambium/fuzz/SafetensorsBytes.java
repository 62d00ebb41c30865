package io.cambium.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Safetensors files out of any bytes: the first says how many bytes of data there are, in steps of
 * 64; a header of the right length comes before them. With 255 there the rest is the whole file.
 */
final class SafetensorsBytes {

  private static final int WHOLE_FILE = 255;
  private static final int STEP = 64;

  private SafetensorsBytes() {}

  static byte[] of(byte[] input, EditedJson header) {
    int first = input.length == 0 ? WHOLE_FILE : Byte.toUnsignedInt(input[0]);
    byte[] rest = input.length == 0 ? input : Arrays.copyOfRange(input, 1, input.length);
    if (first == WHOLE_FILE) {
      return rest;
    }
    byte[] json = header.of(rest);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + json.length + first * STEP).order(ByteOrder.LITTLE_ENDIAN);
    return file.putLong(json.length).put(json).array();
  }

  /** Inputs to begin with. */
  static Stream<Arguments> seeds(EditedJson header) {
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
