package io.cambium.lab.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Counts against ones made by hand, for 3 query heads of 4 over one key-value head, hidden 10. */
class FlopsTest {

  private static final int LENGTH = 5;

  private static final GroupedQuery ATTENTION =
      GroupedQuery.plain(3, 1, 4, false, HeadNorm.NONE, new Rope(10_000, 4));

  /** Queries 10 x 12, keys and values 10 x 4 each, output 12 x 10: 320 weights. */
  private static final double PROJECTIONS = 2 * (120 + 40 + 40 + 120);

  /** A token sees 3 keys of 5 on average; 3 heads of 4, for scores and for values. */
  private static final double LOOKS = 2 * 3 * (4 + 4) * 3;

  @Test
  void ofADenseModel() {
    Flops flops = flops("llama", ATTENTION, Collections.nCopies(2, new Dense(7)), false);
    assertThat(flops.experts()).isZero();
    // Three matrices 10 x 7 in each of two layers, and the head, 10 x 11.
    assertThat(flops.matrices()).isEqualTo(2 * (PROJECTIONS + 2 * 3 * 70) + 2 * 110);
    assertThat(flops.attention()).isEqualTo(2 * LOOKS);
    assertThat(flops.training()).isEqualTo(3 * flops.forward());
    assertThat(flops("llama", ATTENTION, Collections.nCopies(2, new Dense(7)), true))
        .isEqualTo(flops);
  }

  @Test
  void ofAModelWhoseLayersAllRoute() {
    Mixture mixture = new Mixture(5, 2, 6, 0, new Router(Score.SOFTMAX, false, true, 1));
    Flops flops = flops("mixtral", ATTENTION, Collections.nCopies(3, mixture), false);
    // Two experts of three matrices 10 x 6, and a router 10 x 5.
    assertThat(flops.experts()).isEqualTo(3 * 2 * 2 * 3 * 60);
    assertThat(flops.matrices()).isEqualTo(3 * (PROJECTIONS + 2 * 50) + 2 * 110);
    assertThat(flops.attention()).isEqualTo(3 * LOOKS);
  }

  @Test
  void ofAModelWithADenseLayerAndASharedExpert() {
    Mixture mixture = new Mixture(7, 3, 6, 8, new Router(Score.SIGMOID, true, true, 1));
    Flops flops = flops("glm4_moe", ATTENTION, List.of(new Dense(9), mixture), false);
    assertThat(flops.experts()).isEqualTo(3 * 2 * 3 * 60);
    assertThat(flops.matrices())
        .isEqualTo(2 * PROJECTIONS + 2 * 3 * 90 + 2 * 3 * 80 + 2 * 70 + 2 * 110);
    assertThat(flops.attention()).isEqualTo(2 * LOOKS);
  }

  /** Windows of 2 show 1 2 2 2 2 keys, chunks of 2 show 1 2 1 2 1. */
  @Test
  void shorterReachesCostLess() {
    assertThat(attention(Reach.window(2))).isEqualTo(2 * 3 * (4 + 4) * (9 / 5.0));
    assertThat(attention(Reach.chunk(2))).isEqualTo(2 * 3 * (4 + 4) * (7 / 5.0));
    assertThat(attention(Reach.window(9))).isEqualTo(LOOKS);
  }

  private static double attention(Reach reach) {
    return flops("llama", ATTENTION.withReach(reach), List.of(new Dense(7)), false).attention();
  }

  private static Flops flops(
      String family, GroupedQuery attention, List<? extends FeedForward> parts, boolean tied) {
    DecoderSpec spec =
        DecoderSpec.plain(11, 10, 1e-5, tied, attention, List.<FeedForward>copyOf(parts));
    return Flops.of(spec, Families.named(family).tensors(spec), LENGTH);
  }
}
