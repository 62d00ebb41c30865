package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExpertPlacementTest {

  private static DecoderSpec spec(int experts) {
    Mixture mixture = new Mixture(experts, 1, 3, 0, new Router(Score.SOFTMAX, false, true, 1));
    GroupedQuery attention = GroupedQuery.plain(1, 1, 4, false, HeadNorm.NONE, new Rope(10_000, 4));
    return DecoderSpec.plain(7, 6, 1e-5, false, attention, List.of(mixture, mixture));
  }

  private static ExpertPlacement grown(int sources, List<Integer> parents, int ranks) {
    Manifest.Growth growth =
        new Manifest.Growth(
            "flat",
            "copy",
            0,
            0,
            "copy",
            0,
            "copy",
            0,
            null,
            sources,
            parents.size(),
            new TreeMap<>(Map.of(0, parents, 1, parents)));
    Manifest manifest =
        new Manifest(Manifest.FORMAT, null, List.of(growth), null, Collections.emptySortedMap());
    return ExpertPlacement.of(spec(parents.size()), manifest, ranks);
  }

  private static long held(ExpertPlacement placement, int layer, int rank) {
    return placement.of(layer).stream().filter(owner -> owner == rank).count();
  }

  @Test
  void whatDoesNotDivideEvenlyEvensOutOverTheLayers() {
    ExpertPlacement placement = ExpertPlacement.of(spec(3), Manifest.EMPTY, 2);
    assertThat(placement.of(0)).containsExactly(0, 1, 0);
    assertThat(placement.of(1)).containsExactly(1, 0, 1);
  }

  /** As growth lays them out: round by round, and side by side where a family has groups. */
  @ParameterizedTest
  @MethodSource("lineages")
  void ranksHoldAsManyExpertsAndAsManyOfEachLineage(List<Integer> parents) {
    int sources = (int) parents.stream().distinct().count();
    for (int ranks = 1; ranks <= 5; ranks++) {
      ExpertPlacement placement = grown(sources, parents, ranks);
      for (int layer = 0; layer < 2; layer++) {
        for (int rank = 0; rank < ranks; rank++) {
          assertThat(held(placement, layer, rank))
              .isBetween((long) parents.size() / ranks, Math.ceilDiv((long) parents.size(), ranks));
          for (int lineage = 0; lineage < sources; lineage++) {
            long siblings = 0;
            long here = 0;
            for (int e = 0; e < parents.size(); e++) {
              if (parents.get(e) == lineage) {
                siblings++;
                here += placement.owner(layer, e) == rank ? 1 : 0;
              }
            }
            assertThat(here).isBetween(siblings / ranks, Math.ceilDiv(siblings, ranks));
          }
        }
      }
    }
  }

  static List<List<Integer>> lineages() {
    return List.of(
        List.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3),
        List.of(0, 0, 1, 1, 2, 2, 3, 3),
        List.of(0, 1, 2, 0, 1, 0, 0));
  }

  @Test
  void moreRanksThanExpertsAreRefused() {
    assertThatThrownBy(() -> ExpertPlacement.of(spec(3), Manifest.EMPTY, 4))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(
            "distributed.expert_parallel_size: is 4, but layer 0 has only 3 experts");
  }
}
