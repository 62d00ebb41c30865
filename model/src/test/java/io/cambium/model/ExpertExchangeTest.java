package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.DecoderSpec.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every slot of every token is computed by the expert it chose, whoever the workers are. */
class ExpertExchangeTest {

  private static final int HIDDEN = 5;
  private static final int WIDTH = 3;

  @ParameterizedTest
  @CsvSource({"1,1,1,1", "1,7,5,2", "2,7,5,2", "3,11,2,2", "2,1,3,3", "4,13,17,1"})
  void isDropless(int workers, int tokens, int experts, int topK) {
    Torch.start();
    List<ExpertWeights> weights = new ArrayList<>();
    for (int e = 0; e < experts; e++) {
      weights.add(
          ExpertWeights.apart(
              torch.randn(WIDTH, HIDDEN),
              torch.randn(WIDTH, HIDDEN),
              torch.randn(HIDDEN, WIDTH),
              null));
    }
    Tensor x_TD = torch.randn(tokens, HIDDEN);
    int[] choice = choice(tokens, experts, topK);
    try (Team team = new Team(workers)) {
      ExpertExchange exchange =
          new ExpertExchange(
              weights,
              List.of(),
              new MatrixProductKernel(Activation.SILU),
              weights.getFirst().type(),
              ExpertExchange.Scratch.of(weights.getFirst().type(), weights.getFirst().hidden()),
              workers,
              null);
      team.run(member -> check(exchange, member, x_TD, choice, topK, weights));
      assertThat(exchange.load_E()).hasSize(experts);
      assertThat(Arrays.stream(exchange.load_E()).sum()).isEqualTo((long) tokens * topK);
    }
  }

  private static int[] choice(int tokens, int experts, int topK) {
    SplittableRandom random = new SplittableRandom(tokens);
    int[] choice = new int[tokens * topK];
    for (int t = 0; t < tokens; t++) {
      int first = random.nextInt(experts);
      for (int k = 0; k < topK; k++) {
        choice[t * topK + k] = (first + k) % experts;
      }
    }
    return choice;
  }

  private static void check(
      ExpertExchange exchange,
      Team.Member member,
      Tensor x_TD,
      int[] choice,
      int topK,
      List<ExpertWeights> weights) {
    int from = Share.start((int) x_TD.size(0), member);
    int to = Share.end((int) x_TD.size(0), member);
    int[] mine = Arrays.copyOfRange(choice, from * topK, to * topK);
    Tensor slots_SD =
        x_TD.narrow(0, from, to - from).unsqueeze(1).expand(-1, topK, -1).flatten(0, 1);
    Tensor rows = exchange.startForward(member, slots_SD, mine, false);
    exchange.finishForward(member);
    float[] outputs = Torch.floats(exchange.collect(rows));
    for (int slot = 0; slot < mine.length; slot++) {
      ExpertWeights expert = weights.get(mine[slot]);
      Tensor x_1D = x_TD.narrow(0, from + slot / topK, 1);
      float[] want =
          Torch.floats(
              Ops.gated(x_1D, expert.gate_FD(), expert.up_FD(), expert.down_DF(), Activation.SILU));
      for (int d = 0; d < HIDDEN; d++) {
        assertThat(outputs[slot * HIDDEN + d]).isCloseTo(want[d], Offset.offset(1e-5f));
      }
    }
  }
}
