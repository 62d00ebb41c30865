package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.model.Router.Decision;
import io.cambium.model.Router.Tokens;
import java.util.Arrays;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a release does to the choice, and the loss that goes with it, against plain Java. */
class LineageRuleTest {

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
  void lowersSiblingsByAShareOfTheScoresSpan(Score score, double penalty, double ownLogit) {
    Torch.start();
    Tensor x_TD = random("x", TOKENS, HIDDEN);
    Tensor weight_ED = random("weight", PARENTS.size(), HIDDEN);
    SelectionRule rule = new SelectionRule.Lineage(ownLogit, penalty, Map.of(0, PARENTS));
    int[] choice = router(score).route(x_TD, weight_ED, null, rule, tokens()).choice();
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

  @ParameterizedTest
  @EnumSource(Score.class)
  void asksSiblingsToStayBelowTheLastThatIsChosen(Score score) {
    Torch.start();
    Tensor x_TD = random("x", TOKENS, HIDDEN);
    Tensor weight_ED = random("weight", PARENTS.size(), HIDDEN);
    SelectionRule.Lineage rule = new SelectionRule.Lineage(0.3, 0.7, Map.of(0, PARENTS));
    Decision plain = router(score).route(x_TD, weight_ED, null, SelectionRule.PLAIN, tokens());
    double[] disagreement_T =
        Torch.doubles(
            router(score).disagreement(x_TD, weight_ED, null, rule, 0).to(ScalarType.Double));
    float[] x = Torch.floats(x_TD);
    float[] weight = Torch.floats(weight_ED);
    int agreed = 0;
    for (int t = 0; t < TOKENS; t++) {
      double[] scores = scores(logits(x, weight, t), score);
      assertThat(disagreement_T[t]).isCloseTo(disagreement(scores, score), Offset.offset(1e-5));
      long lineages =
          Arrays.stream(plain.choice(), t * TOP_K, (t + 1) * TOP_K)
              .mapToObj(PARENTS::get)
              .distinct()
              .count();
      if (disagreement_T[t] == 0) {
        assertThat(lineages).isEqualTo(TOP_K);
        agreed++;
      }
    }
    assertThat(agreed).isBetween(1, TOKENS - 1);
  }

  private static double disagreement(double[] scores, Score score) {
    List<Integer> best =
        IntStream.range(0, scores.length)
            .filter(e -> isBest(scores, e))
            .boxed()
            .sorted(Comparator.comparingDouble((Integer e) -> -scores[e]))
            .toList();
    double last = scores[best.get(TOP_K - 1)];
    return IntStream.range(0, scores.length)
        .filter(e -> !best.contains(e))
        .mapToDouble(e -> Math.max(0, (scores[e] - last) / span(scores, score) + 0.05))
        .sum();
  }

  private static boolean isBest(double[] own, int expert) {
    return IntStream.range(0, own.length)
        .filter(n -> PARENTS.get(n).equals(PARENTS.get(expert)))
        .allMatch(n -> own[n] <= own[expert]);
  }

  private static double span(double[] scores, Score score) {
    DoubleSummaryStatistics all = Arrays.stream(scores).summaryStatistics();
    return score == Score.SIGMOID ? 1 : all.getMax() - all.getMin();
  }

  private static io.cambium.model.Router router(Score score) {
    Router router = new Router(score, false, true, 1);
    return new io.cambium.model.Router(new Mixture(PARENTS.size(), TOP_K, 8, 0, router), null);
  }

  private static Tokens tokens() {
    return new Tokens(0, Torch.tensor(new long[TOKENS], 1, TOKENS));
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
    double span = span(scores, score);
    for (int e = 0; e < own.length; e++) {
      scores[e] -= isBest(own, e) ? 0 : penalty * span;
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
