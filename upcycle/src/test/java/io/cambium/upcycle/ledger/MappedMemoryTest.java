package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MappedMemoryTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 16_383, 16_384, 16_385, 50_000})
  void findsTheFirstDifference(int size) {
    byte[] bytes = new byte[size];
    MemorySegment one = MemorySegment.ofArray(bytes);
    MemorySegment other = MemorySegment.ofArray(bytes.clone());
    assertThat(MappedMemory.mismatch(one, other)).isEqualTo(-1);
    for (int at = size - 1; at >= 0; at -= 8_191) {
      bytes[at] = 1;
      assertThat(MappedMemory.mismatch(one, other)).isEqualTo(at);
    }
  }
}
