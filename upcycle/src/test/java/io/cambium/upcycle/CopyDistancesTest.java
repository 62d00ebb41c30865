package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopyDistancesTest {

  /** Whatever the size, batches lie as far apart at a matrix's end as at its beginning. */
  @ParameterizedTest
  @CsvSource({"1, 1", "1048576, 1", "2097152, 2", "5000000, 4", "8388608, 8", "100000000000, 8"})
  void aMillionElementsAreMeasuredOrAnEighth(long elements, long oneIn) {
    assertThat(CopyDistances.sampledOf(elements)).isEqualTo(oneIn);
  }
}
