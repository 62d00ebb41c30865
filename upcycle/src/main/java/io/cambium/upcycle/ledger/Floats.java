package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Tensor data as floats, and back, rounded to nearest even. */
public final class Floats {

  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort BITS_16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ThreadLocal<Batch> BATCH = ThreadLocal.withInitial(Batch::new);

  /** Between the 16 bits of a batch and some values. */
  private interface Conversion {
    void convert(float[] values, int at, int count);
  }

  private Floats() {}

  /** Whether tensors of this type can be computed with. */
  public static boolean supports(DType dtype) {
    return dtype == DType.F32 || dtype == DType.BF16 || dtype == DType.F16;
  }

  public static float[] read(MemorySegment data, DType dtype) {
    float[] values = new float[Math.toIntExact(data.byteSize() / bytes(dtype))];
    read(data, dtype, values);
    return values;
  }

  /**
   * The same, into an array that is there.
   *
   * @param values as many as the data holds
   */
  public static void read(MemorySegment data, DType dtype, float[] values) {
    if (dtype == DType.F32) {
      MemorySegment.copy(data, F32, 0, values, 0, values.length);
      return;
    }
    Batch batch = BATCH.get();
    Conversion widen =
        switch (dtype) {
          case BF16 -> batch::widenBfloat16;
          case F16 -> batch::widenFloat16;
          default -> throw unsupported(dtype);
        };
    for (int from = 0; from < values.length; from += Batch.SIZE) {
      int count = Math.min(Batch.SIZE, values.length - from);
      MemorySegment.copy(data, BITS_16, (long) from * Short.BYTES, batch.bits, 0, count);
      widen.convert(values, from, count);
    }
  }

  public static MemorySegment write(float[] values, DType dtype) {
    MemorySegment data =
        MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, bytes(dtype))]);
    write(values, dtype, data);
    return data;
  }

  /** The same, into memory that is there. */
  static void write(float[] values, DType dtype, MemorySegment data) {
    if (dtype == DType.F32) {
      MemorySegment.copy(values, 0, data, F32, 0, values.length);
      return;
    }
    Batch batch = BATCH.get();
    Conversion round =
        switch (dtype) {
          case BF16 -> batch::roundToBfloat16;
          case F16 -> batch::roundToFloat16;
          default -> throw unsupported(dtype);
        };
    for (int from = 0; from < values.length; from += Batch.SIZE) {
      int count = Math.min(Batch.SIZE, values.length - from);
      round.convert(values, from, count);
      MemorySegment.copy(batch.bits, 0, data, BITS_16, (long) from * Short.BYTES, count);
    }
  }

  /** The nearest value that the type can hold. */
  public static float round(float value, DType dtype) {
    return switch (dtype) {
      case F32 -> value;
      case BF16 ->
          Float.intBitsToFloat(roundedToBfloat16(Float.floatToRawIntBits(value)) & 0xFFFF0000);
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
      default -> throw unsupported(dtype);
    };
  }

  /** The upper half of what it returns; NaN stays NaN. */
  private static int roundedToBfloat16(int bits) {
    int ifNaN = (0x7F800000 - (bits & 0x7FFFFFFF)) >> (Integer.SIZE - 1);
    int rounded = bits + 0x7FFF + ((bits >>> 16) & 1);
    return (rounded & ~ifNaN) | ((bits | 0x400000) & ifNaN);
  }

  private static int bytes(DType dtype) {
    if (!supports(dtype)) {
      throw unsupported(dtype);
    }
    return dtype.bits() / Byte.SIZE;
  }

  /**
   * Numbers on their way, in arrays that stay in the cache: loops over arrays that do one thing
   * without a branch become vector instructions, loops over segments do not.
   */
  private static final class Batch {

    private static final int SIZE = 4096;

    private final short[] bits = new short[SIZE];
    private final int[] wide = new int[SIZE];

    private void widenBfloat16(float[] values, int at, int count) {
      for (int i = 0; i < count; i++) {
        values[at + i] = Float.intBitsToFloat(bits[i] << 16);
      }
    }

    private void widenFloat16(float[] values, int at, int count) {
      for (int i = 0; i < count; i++) {
        values[at + i] = Float.float16ToFloat(bits[i]);
      }
    }

    private void roundToBfloat16(float[] values, int at, int count) {
      MemorySegment.copy(
          MemorySegment.ofArray(values),
          (long) at * Float.BYTES,
          MemorySegment.ofArray(wide),
          0,
          (long) count * Float.BYTES);
      for (int i = 0; i < count; i++) {
        wide[i] = roundedToBfloat16(wide[i]);
      }
      for (int i = 0; i < count; i++) {
        bits[i] = (short) (wide[i] >>> 16);
      }
    }

    private void roundToFloat16(float[] values, int at, int count) {
      for (int i = 0; i < count; i++) {
        bits[i] = Float.floatToFloat16(values[at + i]);
      }
    }
  }

  private static IllegalArgumentException unsupported(DType dtype) {
    return new IllegalArgumentException(dtype + " is no floating-point type that is computed with");
  }
}
