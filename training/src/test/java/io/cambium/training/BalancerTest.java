package io.cambium.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.model.Torch;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Loss-free balancing, arXiv 2408.15664, algorithm 1, and centred. */
class BalancerTest {

  private static final Offset<Float> ROUNDING = Offset.offset(1e-7f);

  @Test
  void raisesWhatHasTooLittleAndStaysCentred() {
    Torch.start();
    Tensor bias_E = torch.zeros(3);
    new Balancer(0.001)
        .update(
            Map.of(4, bias_E), Map.of(4, new long[] {10, 1, 1}), Map.of(4, new int[] {0, 1, 2}));
    float[] moved = Torch.floats(bias_E);
    assertThat(moved[0]).isCloseTo(-0.001f - 0.001f / 3, ROUNDING);
    assertThat(moved[1]).isCloseTo(0.001f - 0.001f / 3, ROUNDING);
    assertThat(moved[0] + moved[1] + moved[2]).isCloseTo(0, ROUNDING);
  }

  @Test
  void leavesEvenLoadAlone() {
    Torch.start();
    Tensor bias_E = torch.zeros(2);
    new Balancer(0.001)
        .update(Map.of(0, bias_E), Map.of(0, new long[] {4, 4}), Map.of(0, new int[] {0, 1}));
    assertThat(Torch.floats(bias_E)).containsOnly(0);
  }

  @Test
  void heldBackReplicasKeepTheirDistanceFromTheMean() {
    Torch.start();
    Tensor bias_E = torch.zeros(4);
    new Balancer(0.001)
        .update(Map.of(0, bias_E), Map.of(0, new long[] {6, 0, 2, 0}), Map.of(0, new int[] {0, 2}));
    assertThat(Torch.floats(bias_E)).containsExactly(-0.001f, 0, 0.001f, 0);
  }
}
