package io.cambium.lab.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every measure that is counted, on five tokens that choose two of four experts, by hand. */
final class MeasuresTest {

  /** In layer 0 half of each domain's choices would have to move, in layer 1 none. */
  @Test
  void distanceOfAnEvaluationIsTheMeanOverItsLayers() {
    Metric.Routing routing =
        new Metric.Routing(
            List.of(0, 1),
            List.of("a", "b"),
            List.of(
                List.of(List.of(1.0, 0.0), List.of(0.0, 1.0)),
                List.of(List.of(0.3, 0.7), List.of(0.3, 0.7))));
    assertThat(Specialisation.distance(routing)).isEqualTo(0.25);
  }

  private static final Offset<Double> EXACT = within(1e-12);

  private static final Choices CHOICES =
      new Choices(4, 2, new int[] {0, 1, 1, 0, 0, 2, 3, 0, 1, 2});

  /** The first three tokens are of one domain, the others of another. */
  private static final int[] DOMAIN = {0, 0, 0, 2, 2};

  private static final List<String> DOMAINS = List.of("one", "absent", "two");

  @Test
  void loadsAndWhatIsChosenTogether() {
    assertThat(CHOICES.tokens()).isEqualTo(5);
    assertThat(CHOICES.load_E()).containsExactly(4, 3, 2, 1);
    assertThat(CHOICES.together_EE())
        .isDeepEqualTo(new long[][] {{4, 2, 1, 1}, {2, 3, 1, 0}, {1, 1, 2, 0}, {1, 0, 0, 1}});
  }

  @Test
  void halfChoicesAreRefused() {
    assertThatThrownBy(() -> new Choices(4, 2, new int[3]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /**
   * One: 3, 2, 1, 0 of 6 assignments; two: 1, 1, 1, 1 of 4; all: 4, 3, 2, 1 of 10. Half the sum of
   * the differences is 0.1333 for one and 0.2 for two, weighted by 3 and 2 tokens 0.16.
   */
  @Test
  void specialisationByDomain() {
    Specialisation found = Specialisation.of(CHOICES, DOMAINS, DOMAIN);
    assertThat(found.names()).containsExactly("one", "two");
    assertThat(found.tokens()).containsExactly(3L, 2L);
    assertThat(found.share().get(0)).containsExactly(3 / 6.0, 2 / 6.0, 1 / 6.0, 0.0);
    assertThat(found.share().get(1)).containsExactly(0.25, 0.25, 0.25, 0.25);
    assertThat(found.distance()).isCloseTo(0.16, EXACT);
    assertThat(found.strongest(1).getFirst()).isEqualTo(new Specialisation.Pair("one", 0, 2));
    assertThat(found.strongest(3)).extracting(Specialisation.Pair::name).containsOnly("one");
  }

  /** Token 7 occurs nine times and chooses expert 2 six times; token 5 is too rare to count. */
  @Test
  void specialisationByToken() {
    int[] ids = new int[12];
    int[] choice = new int[12];
    Arrays.fill(ids, 0, 9, 7);
    Arrays.fill(ids, 9, 12, 5);
    Arrays.fill(choice, 0, 6, 2);
    Arrays.fill(choice, 6, 9, 1);
    Vocabulary found = Vocabulary.of(new Choices(3, 1, choice), ids, id -> "<" + id + ">");
    assertThat(found.ids()).isEqualTo(1);
    assertThat(found.specialisation()).isCloseTo(6 / 9.0, EXACT);
    assertThat(found.experts())
        .containsExactly(
            new Vocabulary.Expert(
                2, 1, 6 / 9.0, List.of(new Vocabulary.Token(7, "<7>", 9, 6 / 9.0))));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "\" 42\", number",
        "\"3.14\", number",
        "\"1,000\", number",
        "\"+=\", operator",
        "\" ≤\", operator",
        "\" (\", bracket",
        "\"]);\", bracket",
        "\"();\", bracket",
        "\" Berlin\", capitalised",
        "\"B\", capitalised",
        "\"Élan\", capitalised",
        "\" berlin\", word",
        "\"ing\", word",
        "\"camelCase\", word",
        "\"\u03bb\", word",
        "\"x1\", other",
        "\".\", other",
        "\"\uFFFD\", other",
        "\"<|endoftext|>\", other"
      })
  void classesOfTokens(String text, String expected) {
    assertThat(TokenClass.of(text)).hasToString(expected);
    assertThat(TokenClass.of("\n")).isEqualTo(TokenClass.OTHER);
  }

  /**
   * The tokens chose 0 1, 1 0, 0 2, 3 0, 1 2 before. Now they keep 1 of 2 in the first, 2, 0, 1 and
   * 2: six of ten.
   */
  @Test
  void saturationBetweenCheckpoints() {
    Choices now = new Choices(4, 2, new int[] {0, 3, 0, 1, 1, 3, 0, 2, 2, 1});
    List<Integer> same = List.of(0, 1, 2, 3);
    Saturation found = Saturation.of(CHOICES, now, same, DOMAIN, DOMAINS);
    assertThat(found.overall()).isCloseTo(0.6, EXACT);
    assertThat(found.domains().get("one")).isCloseTo(3 / 6.0, EXACT);
    assertThat(found.domains().get("two")).isCloseTo(3 / 4.0, EXACT);
    assertThat(found.experts()).containsExactly(3 / 4.0, 2 / 3.0, 1 / 2.0, 0.0);
  }

  /** Experts 0 and 2 descend from 0, the others from 1: a token keeps what any descendant does. */
  @Test
  void saturationAcrossAGrowth() {
    Choices before = new Choices(2, 1, new int[] {0, 1, 1});
    Choices now = new Choices(4, 1, new int[] {2, 0, 3});
    Saturation found = Saturation.of(before, now, List.of(0, 1, 0, 1), new int[3], List.of("all"));
    assertThat(found.overall()).isCloseTo(2 / 3.0, EXACT);
    assertThat(found.experts()).containsExactly(1.0, 0.5);
  }

  /**
   * Lineages 0, 1 and 2, 3: the first two tokens choose siblings. All five tokens choose from the
   * first lineage, and two of them both; of the three that choose from the second, none does.
   */
  @Test
  void siblings() {
    List<List<Double>> distance =
        List.of(
            List.of(0.0, 0.5, 1.0, 1.0),
            List.of(0.5, 0.0, 1.0, 1.0),
            List.of(1.0, 1.0, 0.0, 0.25),
            List.of(1.0, 1.0, 0.25, 0.0));
    Similarity similarity = new Similarity(distance, distance, distance);
    Specialisation domains = Specialisation.of(CHOICES, DOMAINS, DOMAIN);
    Siblings found = Siblings.of(CHOICES, List.of(0, 0, 1, 1), similarity, domains);
    assertThat(found.coselection()).isCloseTo(2 / 5.0, EXACT);
    assertThat(found.distinctLineages()).isCloseTo(8 / 5.0, EXACT);
    Siblings.Lineage first = found.lineages().getFirst();
    assertThat(first.experts()).containsExactly(0, 1);
    assertThat(first.load()).isCloseTo(7 / 5.0, EXACT);
    assertThat(first.coselection()).isCloseTo(2 / 5.0, EXACT);
    assertThat(first.weight()).isEqualTo(0.5);
    // Expert 0 has 3 of its 4 tokens in the first domain, expert 1 has 2 of 3.
    assertThat(first.domains()).isCloseTo(3 / 4.0 - 2 / 3.0, EXACT);
    assertThat(found.lineages().getLast().coselection()).isZero();
    assertThat(found.lineages().getLast().nearest()).containsExactly(2, 3);
    assertThat(found.nearest()).isEqualTo(found.lineages().getLast());
  }

  /** Vectors (3, 4) and (4, 3): cosine 24/25, distance the root of two over five. */
  @Test
  void cosinesAndDistancesFromProducts() {
    double[][] products = {{25, 24, 0}, {24, 25, 0}, {0, 0, 0}};
    assertThat(ExpertProducts.cosine(products, 0, 1)).isCloseTo(0.96, EXACT);
    assertThat(ExpertProducts.distance(products, 0, 1)).isCloseTo(Math.sqrt(2) / 5, EXACT);
    assertThat(ExpertProducts.cosine(products, 0, 2)).isZero();
    assertThat(ExpertProducts.distance(products, 0, 2)).isCloseTo(1, EXACT);
    assertThat(ExpertProducts.distance(products, 2, 2)).isZero();
  }

  @Test
  void descentThroughSeveralGrowths() {
    Manifest manifest =
        Manifest.EMPTY
            .withGrowth(growth(2, List.of(0, 1, 1)), null)
            .withGrowth(growth(3, List.of(0, 1, 2, 2, 0)), null);
    Path place = Path.of("model");
    assertThat(Descent.of(place, manifest, 1, 5, 5)).containsExactly(0, 1, 2, 3, 4);
    assertThat(Descent.of(place, manifest, 1, 5, 3)).containsExactly(0, 1, 2, 2, 0);
    assertThat(Descent.of(place, manifest, 1, 5, 2)).containsExactly(0, 1, 1, 1, 0);
    assertThatThrownBy(() -> Descent.of(place, manifest, 1, 5, 4))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("no growth from 4");
  }

  private static Manifest.Growth growth(int source, List<Integer> parents) {
    return new Manifest.Growth(
        "flat",
        "copy",
        0,
        0,
        "copy",
        0,
        "copy",
        0,
        null,
        source,
        parents.size(),
        new TreeMap<>(Map.of(1, parents)));
  }
}
