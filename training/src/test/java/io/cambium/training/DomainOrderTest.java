package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DomainOrderTest {

  private static final List<String> NAMES = List.of("code", "law", "news");

  @Test
  void withoutWeightsTheyTakeTurns() {
    DomainOrder order = DomainOrder.of(NAMES, Map.of());
    assertThat(domains(order, 7)).containsExactly(0, 1, 2, 0, 1, 2, 0);
    assertThat(order.turn(6)).isEqualTo(2);
  }

  @Test
  void weightsDecideHowOftenAndTurnsAreSpread() {
    DomainOrder order = DomainOrder.of(NAMES, Map.of("code", 3.0, "news", 2.0));
    assertThat(domains(order, 10)).containsExactly(0, 2, 0, 2, 0, 0, 2, 0, 2, 0);
    assertThat(order.has(1)).isFalse();
    assertThat(LongStream.range(0, 10).filter(n -> order.domain(n) == 0).map(order::turn))
        .containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
  }

  @Test
  void aSmallWeightStillHasATurn() {
    DomainOrder order = DomainOrder.of(NAMES, Map.of("code", 1e6, "law", 1.0));
    assertThat(LongStream.range(0, 1001).filter(n -> order.domain(n) == 1).count()).isEqualTo(1);
  }

  @Test
  void refusesAWeightOfNoDomain() {
    assertThatThrownBy(() -> DomainOrder.of(NAMES, Map.of("laws", 1.0)))
        .hasMessageContaining("mix.laws: is no domain of the data")
        .hasMessageContaining("there are code, law, news");
  }

  private static List<Integer> domains(DomainOrder order, int count) {
    return LongStream.range(0, count).mapToObj(order::domain).toList();
  }
}
