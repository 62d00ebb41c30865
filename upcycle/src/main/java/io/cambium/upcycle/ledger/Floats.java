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

  private Floats() {}

  /** Whether tensors of this type can be computed with. */
  public static boolean supports(DType dtype) {
    return dtype == DType.F32 || dtype == DType.BF16 || dtype == DType.F16;
  }

  public static float[] read(MemorySegment data, DType dtype) {
    if (dtype == DType.F32) {
      return data.toArray(F32);
    }
    // Through arrays: loops over them become vector instructions, loops over segments do not.
    short[] bits = data.toArray(BITS_16);
    float[] values = new float[bits.length];
    switch (dtype) {
      case BF16 -> {
        for (int i = 0; i < bits.length; i++) {
          values[i] = Float.intBitsToFloat(bits[i] << 16);
        }
      }
      case F16 -> {
        for (int i = 0; i < bits.length; i++) {
          values[i] = Float.float16ToFloat(bits[i]);
        }
      }
      default -> throw unsupported(dtype);
    }
    return values;
  }

  public static MemorySegment write(float[] values, DType dtype) {
    MemorySegment data =
        MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, dtype.bits() / 8)]);
    write(values, dtype, data, 0);
    return data;
  }

  /**
   * The same, into memory that is there.
   *
   * @param offset where to begin in it, in bytes
   */
  static void write(float[] values, DType dtype, MemorySegment data, long offset) {
    if (dtype == DType.F32) {
      MemorySegment.copy(values, 0, data, F32, offset, values.length);
      return;
    }
    short[] bits = new short[values.length];
    switch (dtype) {
      case BF16 -> {
        for (int i = 0; i < bits.length; i++) {
          bits[i] = bfloat16(values[i]);
        }
      }
      case F16 -> {
        for (int i = 0; i < bits.length; i++) {
          bits[i] = Float.floatToFloat16(values[i]);
        }
      }
      default -> throw unsupported(dtype);
    }
    MemorySegment.copy(bits, 0, data, BITS_16, offset, bits.length);
  }

  /** The nearest value that the type can hold. */
  public static float round(float value, DType dtype) {
    return switch (dtype) {
      case F32 -> value;
      case BF16 -> Float.intBitsToFloat(bfloat16(value) << 16);
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
      default -> throw unsupported(dtype);
    };
  }

  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  private static IllegalArgumentException unsupported(DType dtype) {
    return new IllegalArgumentException(dtype + " is no floating-point type that is computed with");
  }
}
