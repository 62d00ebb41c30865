package io.cambium.checkpoint;

import java.util.Arrays;
import java.util.Optional;

/** Element types of safetensors 0.8, in its own order: the writer sorts by it, largest first. */
public enum DType {
  BOOL(8),
  F4(4),
  F6_E2M3(6),
  F6_E3M2(6),
  U8(8),
  I8(8),
  F8_E5M2(8),
  F8_E4M3(8),
  F8_E8M0(8),
  F8_E4M3FNUZ(8),
  F8_E5M2FNUZ(8),
  I16(16),
  U16(16),
  F16(16),
  BF16(16),
  I32(32),
  U32(32),
  F32(32),
  C64(64),
  F64(64),
  I64(64),
  U64(64);

  private final int bits;

  DType(int bits) {
    this.bits = bits;
  }

  /** The type of this name in a header, where there is one. */
  static Optional<DType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }

  /** Whether weights of this type are numbers without a scale beside them. */
  public boolean isFloatingPoint() {
    return switch (this) {
      case F64, F32, BF16, F16 -> true;
      default -> false;
    };
  }

  /**
   * What config.json calls it, under {@code dtype}.
   *
   * @throws IllegalStateException if it is no type of weights
   */
  public String torchName() {
    return switch (this) {
      case F64 -> "float64";
      case F32 -> "float32";
      case BF16 -> "bfloat16";
      case F16 -> "float16";
      default -> throw new IllegalStateException(this + " is no type of weights");
    };
  }

  /** Bits of one element. */
  public int bits() {
    return bits;
  }
}
