package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
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
    int[] choice =
        new io.cambium.model.Router(mixture(score), null)
            .route(x_TD, weight_ED, null, rule, tokens())
            .choice();
    float[] x = Torch.floats(x_TD);
    float[] weight = Torch.floats(weight_ED);
    int siblings = 0;
    for (int t = 0; t < TOKENS; t++) {
      List<Integer> expected = choose(logits(x, weight, t), score, penalty, ownLogit);
      List<Integer> chosen =
          Arrays.stream(choice, t * TOP_K, (t + 1) * TOP_K).boxed().sorted().toList();
      assertThat(chosen).isEqualTo(expected.stream().sorted().toList());
      siblings += lineages(choice, t) < TOP_K ? 1 : 0;
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
  void agreementAsksSiblingsToStayBelowTheLastThatIsChosen(Score score) {
    Torch.start();
    float[] bias = {0.02f, -0.01f, 0, 0.03f, 0, -0.02f, 0.01f, 0, 0};
    Tensor x_TD = random("x", TOKENS, HIDDEN);
    Tensor weight_ED = random("weight", PARENTS.size(), HIDDEN).set_requires_grad(true);
    SelectionRule.Lineage rule = new SelectionRule.Lineage(0.3, 0.7, Map.of(0, PARENTS));
    io.cambium.model.Router router =
        new io.cambium.model.Router(mixture(score), Torch.tensor(bias, bias.length));
    int[] choice = router.route(x_TD, weight_ED, null, SelectionRule.PLAIN, tokens()).choice();
    Tensor disagreement_T = router.disagreement(x_TD, weight_ED, null, rule, 0);
    disagreement_T.sum().backward();
    float[] actual_T = Torch.floats(disagreement_T.detach());
    float[] x = Torch.floats(x_TD);
    float[] weight = Torch.floats(weight_ED.detach());
    double[] gradient_ED = new double[PARENTS.size() * HIDDEN];
    int agreed = 0;
    for (int t = 0; t < TOKENS; t++) {
      double[] scores = scores(logits(x, weight, t), score);
      double[] above_E = above(scores, bias, score);
      assertThat((double) actual_T[t]).isCloseTo(Arrays.stream(above_E).sum(), Offset.offset(1e-5));
      double[] logitGradient_E = logitGradient(scores, above_E, bias, score);
      for (int i = 0; i < gradient_ED.length; i++) {
        gradient_ED[i] += logitGradient_E[i / HIDDEN] * x[t * HIDDEN + i % HIDDEN];
      }
      if (actual_T[t] == 0) {
        assertThat(lineages(choice, t)).isEqualTo(TOP_K);
        agreed++;
      }
    }
    assertThat(agreed).isBetween(1, TOKENS - 1);
    assertThat(Torch.doubles(weight_ED.grad().to(ScalarType.Double)))
        .containsExactly(gradient_ED, Offset.offset(1e-4));
  }

  private static long lineages(int[] choice, int token) {
    return Arrays.stream(choice, token * TOP_K, (token + 1) * TOP_K)
        .mapToObj(PARENTS::get)
        .distinct()
        .count();
  }

  /** What each sibling that does not stand for its lineage has above the last, in spans. */
  private static double[] above(double[] scores, float[] bias, Score score) {
    double[] biased = biased(scores, bias);
    double last = biased[last(biased)];
    double bar = last - 0.1 * (last - Arrays.stream(biased).min().orElseThrow());
    double span = Math.max(span(biased, score), 1.0 / biased.length);
    double[] above_E = new double[biased.length];
    Arrays.setAll(above_E, e -> isBest(biased, e) ? 0 : Math.max(0, (biased[e] - bar) / span));
    return above_E;
  }

  private static double[] biased(double[] scores, float[] bias) {
    double[] biased = new double[scores.length];
    Arrays.setAll(biased, e -> scores[e] + bias[e]);
    return biased;
  }

  /** The last of the K best that stand for their lineage. */
  private static int last(double[] biased) {
    return IntStream.range(0, biased.length)
        .filter(e -> isBest(biased, e))
        .boxed()
        .sorted(Comparator.comparingDouble((Integer e) -> -biased[e]))
        .toList()
        .get(TOP_K - 1);
  }

  private static double[] logitGradient(
      double[] scores, double[] above_E, float[] bias, Score score) {
    double[] biased = biased(scores, bias);
    double span = Math.max(span(biased, score), 1.0 / biased.length);
    double[] byScore_E = Arrays.stream(above_E).map(above -> above > 0 ? 1 / span : 0).toArray();
    byScore_E[last(biased)] -= Arrays.stream(byScore_E).sum();
    double common =
        score == Score.SIGMOID
            ? 0
            : IntStream.range(0, scores.length).mapToDouble(e -> byScore_E[e] * scores[e]).sum();
    double[] byLogit_E = new double[scores.length];
    Arrays.setAll(
        byLogit_E,
        e ->
            scores[e]
                * (score == Score.SIGMOID
                    ? byScore_E[e] * (1 - scores[e])
                    : byScore_E[e] - common));
    return byLogit_E;
  }

  private static double meanOfLineage(double[] values_E, int expert) {
    return IntStream.range(0, values_E.length)
        .filter(e -> PARENTS.get(e).equals(PARENTS.get(expert)))
        .mapToDouble(e -> values_E[e])
        .average()
        .orElseThrow();
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

  private static Mixture mixture(Score score) {
    return new Mixture(PARENTS.size(), TOP_K, 8, 0, new Router(score, false, true, 1));
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
      double mean = meanOfLineage(own, e);
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
