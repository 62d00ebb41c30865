package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ValuesTest {

  private static final Values MATRIX = new Values(List.of(2L, 3L), new float[] {1, 2, 3, 4, 5, 6});

  @Test
  void gathersAlongAnAxis() {
    assertThat(MATRIX.gather(0, new int[] {1, 0}).data()).containsExactly(4, 5, 6, 1, 2, 3);
    assertThat(MATRIX.gather(1, new int[] {2, 0, 1}).data()).containsExactly(3, 1, 2, 6, 4, 5);
  }

  @Test
  void masksAllButSome() {
    assertThat(MATRIX.masked(0, 1, 1).data()).containsExactly(0, 0, 0, 4, 5, 6);
    assertThat(MATRIX.masked(1, 1, 2).data()).containsExactly(0, 2, 3, 0, 5, 6);
    assertThat(MATRIX.masked(1, 0, 3).data()).isEqualTo(MATRIX.data());
  }

  @Test
  void anOrderOfNeuronsHoldsEachOnce() {
    for (int width : new int[] {1, 2, 3, 61, 1000}) {
      int[] order = new NeuronOrder(5, "layer", width).indices();
      assertThat(order).isEqualTo(new NeuronOrder(5, "layer", width).indices());
      int[] sorted = order.clone();
      Arrays.sort(sorted);
      assertThat(sorted).isEqualTo(IntStream.range(0, width).toArray());
    }
    assertThat(new NeuronOrder(5, "other", 61).indices())
        .isNotEqualTo(new NeuronOrder(5, "layer", 61).indices());
    assertThat(new NeuronOrder(6, "layer", 61).indices())
        .isNotEqualTo(new NeuronOrder(5, "layer", 61).indices());
  }
}
