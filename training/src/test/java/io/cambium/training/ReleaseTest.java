package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Selection.Mode;
import io.cambium.model.SelectionRule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The schedule of docs/grow.md: a window of 11 steps from step 100, of which 3 are held. */
class ReleaseTest {

  private static final TreeMap<Integer, List<Integer>> PARENTS =
      new TreeMap<>(Map.of(1, List.of(0, 1, 0)));
  private static final Manifest.Growth GROWTH =
      new Manifest.Growth("lineage", "split", 0.6, 0, "copy", 0, "copy", 0, 100L, 2, 3, PARENTS);

  private static Release release(Mode mode) {
    return new Release(mode, 100, 11, 3, mode == Mode.COLD ? 1.5 : 0);
  }

  @Test
  void isExactWhileHeld() {
    for (long step = 100; step <= 103; step++) {
      assertThat(release(Mode.LINEAGE).exact(step)).isTrue();
      assertThat(release(Mode.LINEAGE).rule(step, GROWTH))
          .isEqualTo(new SelectionRule.Lineage(0, Double.POSITIVE_INFINITY, PARENTS));
    }
  }

  @Test
  void letsTheOwnLogitInAsThePenaltyGoes() {
    assertThat(release(Mode.LINEAGE).rule(105, GROWTH))
        .isEqualTo(new SelectionRule.Lineage(0.25, 0.75, PARENTS));
  }

  @Test
  void lowersTheHoldBackInTheSameWay() {
    assertThat(release(Mode.COLD).rule(102, GROWTH))
        .isEqualTo(new SelectionRule.Cold(1.5, Map.of(1, List.of(2))));
    SelectionRule.Cold half = (SelectionRule.Cold) release(Mode.COLD).rule(107, GROWTH);
    assertThat(half.holdBack()).isCloseTo(0.75, Offset.offset(1e-12));
  }

  @Test
  void endsPlain() {
    assertThat(release(Mode.LINEAGE).rule(111, GROWTH)).isEqualTo(SelectionRule.PLAIN);
    assertThat(release(Mode.COLD).rule(500, GROWTH)).isEqualTo(SelectionRule.PLAIN);
  }

  @Test
  void aWindowWithoutStepsIsOverAtOnce() {
    assertThat(new Release(Mode.LINEAGE, 100, 0, 0, 0).rule(100, GROWTH))
        .isEqualTo(SelectionRule.PLAIN);
  }

  @Test
  void hashRoutingIsNoRelease() {
    Manifest hashed = Manifest.EMPTY.withSelection(Manifest.Selection.hash(1));
    assertThat(Release.of(hashed, 0, 10, 2)).isNull();
  }
}
