package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FloatsTest {

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void writesWhatItReads(DType dtype) {
    float[] values = {0, -0f, 1, -1.5f, 0.0078125f, 65504, Float.POSITIVE_INFINITY};
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = Floats.round(values[i], dtype);
    }
    assertThat(Floats.read(Floats.write(values, dtype), dtype)).isEqualTo(rounded);
    assertThat(Floats.read(Floats.write(new float[] {Float.NaN}, dtype), dtype))
        .containsOnly(Float.NaN);
    assertThat(Floats.read(MemorySegment.ofArray(new byte[0]), dtype)).isEmpty();
  }

  /** Bit patterns from torch: {@code torch.tensor(x).bfloat16().view(torch.int16)}. */
  @Test
  void roundsToNearestEven() {
    float[] values = {1 + 0x1p-8f, 1 + 0x3p-8f, 1.003907f, 0x1.FEp127f, -1 - 0x1p-8f};
    short[] bits = {0x3F80, 0x3F82, 0x3F81, 0x7F7F, (short) 0xBF80};
    assertThat(Floats.write(values, DType.BF16).toArray(ValueLayout.JAVA_SHORT_UNALIGNED))
        .isEqualTo(bits);
  }

  @Test
  void refusesOtherTypes() {
    assertThat(Floats.supports(DType.F8_E4M3)).isFalse();
    assertThatThrownBy(() -> Floats.read(MemorySegment.ofArray(new byte[4]), DType.I32))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
