package io.cambium.upcycle.growth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineagesTest {

  @Test
  void originalsStayAndReplicasFollowRoundByRound() {
    assertThat(Lineages.byRounds(List.of(2, 1, 3)).parents()).containsExactly(0, 1, 2, 0, 2, 2);
    assertThat(Lineages.byRounds(List.of(2, 2, 2)).parents()).containsExactly(0, 1, 2, 0, 1, 2);
    assertThat(Lineages.byRounds(List.of(1, 4)).parents()).containsExactly(0, 1, 1, 1, 1);
    assertThat(Lineages.byRounds(List.of(3)).parents()).containsExactly(0, 0, 0);
  }

  @Test
  void siblingsMayStandSideBySide() {
    Lineages lineages = Lineages.sideBySide(List.of(2, 1, 3));
    assertThat(lineages.parents()).containsExactly(0, 0, 1, 2, 2, 2);
    assertThat(lineages.of(2)).containsExactly(3, 4, 5);
    assertThat(IntStream.range(0, 6).filter(lineages::isReplica)).containsExactly(1, 4, 5);
  }

  @Test
  void factorsAverageOneOverSiblings() {
    assertThat(Lineages.byRounds(List.of(2, 1, 3)).factors(0.5))
        .containsExactly(0.5, 1.0, 0.5, 1.5, 1.0, 1.5);
  }

  @Test
  void knowsSiblings() {
    Lineages lineages = Lineages.byRounds(List.of(2, 1, 3));
    assertThat(lineages.of(2)).containsExactly(2, 4, 5);
    assertThat(lineages.siblings(4)).isEqualTo(3);
    assertThat(lineages.isReplica(2)).isFalse();
    assertThat(lineages.isReplica(3)).isTrue();
    assertThat(lineages.isUniform()).isFalse();
  }
}
