package io.cambium.upcycle.utility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.utility.CountRule.Kind;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CountRuleTest {

  private static final List<Double> SCORES = List.of(1.0, 5.0, 0.0, 3.0, 5.0, 2.0, 4.0);

  @Test
  void greedyFillsTheBestUpToTheCapAndOfEqualsTheFirst() {
    assertThat(counts(new CountRule(Kind.GREEDY, 2, 0), 12)).containsExactly(1, 3, 1, 1, 3, 1, 2);
    assertThat(counts(new CountRule(Kind.GREEDY, 5, 0), 12)).containsExactly(1, 6, 1, 1, 1, 1, 1);
  }

  @Test
  void greedysDefaultCapIsThreeTimesTheMean() {
    assertThat(counts(new CountRule(Kind.GREEDY, 0, 0), 14)).containsExactly(1, 4, 1, 1, 4, 1, 2);
    // 7 to 28: 3 per expert, so at most 9 each.
    assertThat(counts(new CountRule(Kind.GREEDY, 0, 0), 28)).containsExactly(1, 10, 1, 1, 10, 1, 4);
  }

  /** 5 copies over a total of 20: quotas 0.25 1.25 0 0.75 1.25 0.5 1. */
  @Test
  void proportionalGivesTheLargestRemaindersOneMore() {
    assertThat(counts(new CountRule(Kind.PROPORTIONAL, 0, 0), 12))
        .containsExactly(1, 2, 1, 2, 2, 2, 2);
    assertThat(new CountRule(Kind.PROPORTIONAL, 0, 0).counts(List.of(1.0, 1.0, 1.0), 5, "layer 0"))
        .containsExactly(2, 2, 1);
  }

  @Test
  void sampledFollowsTheScoresAndItsSeed() {
    List<Integer> drawn = counts(new CountRule(Kind.SAMPLED, 0, 1), 20_007);
    for (int expert = 0; expert < SCORES.size(); expert++) {
      double expected = 20_000 * SCORES.get(expert) / 20;
      assertThat((double) drawn.get(expert) - 1)
          .isBetween(expected - 5 * Math.sqrt(expected), expected + 5 * Math.sqrt(expected));
    }
    assertThat(counts(new CountRule(Kind.SAMPLED, 0, 1), 20_007)).isEqualTo(drawn);
    assertThat(counts(new CountRule(Kind.SAMPLED, 0, 2), 20_007)).isNotEqualTo(drawn);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aFactorOnAllScoresChangesNothing(Kind kind) {
    CountRule rule = new CountRule(kind, 0, 3);
    for (double factor : List.of(0x1p-40, 0x1p30)) {
      List<Double> scaled = SCORES.stream().map(score -> score * factor).toList();
      for (int target : List.of(7, 8, 13, 14, 61)) {
        assertThat(rule.counts(scaled, target, "layer 0")).isEqualTo(counts(rule, target));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void everyExpertStaysAndTheSumIsTheTarget(Kind kind) {
    CountRule rule = new CountRule(kind, 0, 3);
    IntStream.rangeClosed(7, 40)
        .forEach(target ->
            assertThat(counts(rule, target))
                .allMatch(count -> count >= 1)
                .satisfies(all ->
                    assertThat(all.stream().mapToInt(Integer::intValue).sum()).isEqualTo(target)));
    assertThat(rule.counts(List.of(0.25), 5, "layer 0")).containsExactly(5);
  }

  @Test
  void refusesWhatCannotBeSharedOut() {
    assertThatThrownBy(() -> counts(new CountRule(Kind.GREEDY, 1, 0), 15))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("raise it to 2");
    assertThatThrownBy(() -> new CountRule(Kind.SAMPLED, 1, 0))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("greedy");
    CountRule rule = new CountRule(Kind.GREEDY, 0, 0);
    assertThatThrownBy(() -> rule.counts(Collections.nCopies(3, 0.0), 5, "layer 4"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("layer 4");
  }

  private static List<Integer> counts(CountRule rule, int target) {
    return rule.counts(SCORES, target, "layer 0");
  }
}
