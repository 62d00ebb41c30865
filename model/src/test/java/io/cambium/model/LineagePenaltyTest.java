package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the sibling penalty of a release does to the choice, against plain Java. */
class LineagePenaltyTest {

  private static final int TOKENS = 500;
  private static final int HIDDEN = 13;
  private static final int TOP_K = 3;
  private static final List<Integer> PARENTS = List.of(0, 1, 2, 3, 4, 0, 1, 1, 4);

  @ParameterizedTest
  @CsvSource({
    "SOFTMAX, 0.999, 0.5",
    "SOFTMAX, 0.6, 0.5",
    "SOFTMAX, 0.1, 1",
    "SIGMOID, 0.999, 0.5",
    "SIGMOID, 0.3, 0.5"
  })
  void isAShareOfTheScoresSpan(Score score, double penalty, double ownLogit) {
    Torch.start();
    int experts = PARENTS.size();
    Mixture mixture = new Mixture(experts, TOP_K, 8, 0, new Router(score, false, true, 1));
    Tensor x_TD = random("x", TOKENS, HIDDEN);
    Tensor weight_ED = random("weight", experts, HIDDEN);
    SelectionRule rule = new SelectionRule.Lineage(ownLogit, penalty, Map.of(0, PARENTS));
    Tensor ids_1T = Torch.tensor(new long[TOKENS], 1, TOKENS);
    int[] choice =
        new io.cambium.model.Router(mixture, null)
            .route(x_TD, weight_ED, null, rule, new io.cambium.model.Router.Tokens(0, ids_1T))
            .choice();
    float[] x = Torch.floats(x_TD);
    float[] weight = Torch.floats(weight_ED);
    int siblings = 0;
    for (int t = 0; t < TOKENS; t++) {
      List<Integer> expected = choose(logits(x, weight, t), score, penalty, ownLogit);
      List<Integer> chosen =
          Arrays.stream(choice, t * TOP_K, (t + 1) * TOP_K).boxed().sorted().toList();
      assertThat(chosen).isEqualTo(expected.stream().sorted().toList());
      siblings += chosen.stream().map(PARENTS::get).distinct().count() < TOP_K ? 1 : 0;
    }
    // From nearly the whole span on no sibling is chosen beside another, and later some are.
    assertThat(siblings)
        .satisfies(count -> {
          if (penalty > 0.99) {
            assertThat(count).isZero();
          } else if (penalty < 0.5) {
            assertThat(count).isPositive();
          }
        });
  }

  private static double[] logits(float[] x, float[] weight, int token) {
    double[] logits = new double[PARENTS.size()];
    for (int e = 0; e < logits.length; e++) {
      for (int k = 0; k < HIDDEN; k++) {
        logits[e] += (double) x[token * HIDDEN + k] * weight[e * HIDDEN + k];
      }
    }
    return logits;
  }

  private static List<Integer> choose(double[] own, Score score, double penalty, double ownLogit) {
    double[] mixed = new double[own.length];
    for (int e = 0; e < own.length; e++) {
      int lineage = PARENTS.get(e);
      double mean =
          IntStream.range(0, own.length)
              .filter(n -> PARENTS.get(n) == lineage)
              .mapToDouble(n -> own[n])
              .average()
              .orElseThrow();
      mixed[e] = (1 - ownLogit) * mean + ownLogit * own[e];
    }
    double[] scores = scores(mixed, score);
    double span =
        score == Score.SIGMOID
            ? 1
            : Arrays.stream(scores).max().orElseThrow() - Arrays.stream(scores).min().orElseThrow();
    for (int e = 0; e < own.length; e++) {
      int expert = e;
      boolean best =
          IntStream.range(0, own.length)
              .filter(n -> PARENTS.get(n).equals(PARENTS.get(expert)))
              .allMatch(n -> own[n] <= own[expert]);
      scores[e] -= best ? 0 : penalty * span;
    }
    return IntStream.range(0, own.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer e) -> -scores[e]))
        .limit(TOP_K)
        .toList();
  }

  private static double[] scores(double[] logits, Score score) {
    double sum = Arrays.stream(logits).map(Math::exp).sum();
    return Arrays.stream(logits)
        .map(z -> score == Score.SIGMOID ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / sum)
        .toArray();
  }

  private static Tensor random(String name, int rows, int columns) {
    CounterRandom random = CounterRandom.of(3, name);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.gaussian(i) * 0.5f;
    }
    return Torch.tensor(values, rows, columns);
  }
}
