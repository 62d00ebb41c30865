package io.cambium.upcycle.utility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.upcycle.utility.CountRule.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpertScoresTest {

  private static final CountRule GREEDY = new CountRule(Kind.GREEDY, 0, 0);

  @TempDir Path folder;

  @Test
  void areReadAsTheyWereWritten() {
    ExpertScores scores = scores(List.of(0.1, 1e-300, 3.0), List.of(0.0, 2.0, 1.0));
    Path file = folder.resolve("scores.safetensors");
    scores.write(file, Map.of("loss", "2.5"));
    assertThat(ExpertScores.read(file)).isEqualTo(scores);
  }

  @Test
  void areOfOneModel() {
    Path file = folder.resolve("scores.safetensors");
    Path one = TinyModels.glm4Moe().seed(1).write(folder.resolve("one"));
    Path other = TinyModels.glm4Moe().seed(2).write(folder.resolve("other"));
    try (CheckpointDirectory first = CheckpointDirectory.open(one);
        CheckpointDirectory second = CheckpointDirectory.open(other)) {
      ExpertScores scores = new ExpertScores(Map.of(), ExpertScores.routersOf(first));
      scores.requireOf(first, file);
      assertThatThrownBy(() -> scores.requireOf(second, file))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("another model");
    }
  }

  @Test
  void areNumbersThatWereComputed() {
    assertThatThrownBy(() -> scores(List.of(1.0, Double.NaN, 1.0), List.of(1.0, 1.0, 1.0)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("layer 1 expert 1");
    ExpertScores scores = scores(List.of(1.0, 1.0, 1.0), List.of(1.0, 1.0, 1.0));
    assertThatThrownBy(() -> scores.of(Score.FISHER))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("hold grad_squared");
  }

  @Test
  void becomeCountsWithTheirReasons() {
    UtilityCounts counts =
        UtilityCounts.of(
            GREEDY, Score.GRAD_SQUARED, scores(List.of(1.0, 2.0, 5.0), List.of(4.0, 4.0, 0.0)));
    assertThat(counts.resolve(List.of(1, 3), 3, 6, 1))
        .isEqualTo(Map.of(1, List.of(1, 1, 4), 3, List.of(4, 1, 1)));
    assertThat(counts.describe(3, 6))
        .isEqualTo("greedy by grad_squared, at most 3 further copies of one expert");
    assertThat(counts.reasons(1, List.of(1, 1, 4)))
        .isEqualTo("x4: 2 (62.5 %); x1: 1 (25.0 %) 0 (12.5 %)");
    assertThatThrownBy(() -> counts.resolve(List.of(1, 2), 3, 6, 1))
        .isInstanceOf(UsageException.class);
  }

  @Test
  void groupsAreSharedOutEachByItself() {
    UtilityCounts counts =
        new UtilityCounts(GREEDY, "score", new TreeMap<>(Map.of(0, List.of(9.0, 8.0, 0.5, 1.0))));
    assertThat(counts.resolve(List.of(0), 4, 8, 2).get(0)).containsExactly(3, 1, 1, 3);
  }

  private static ExpertScores scores(List<Double> layer1, List<Double> layer3) {
    return new ExpertScores(
        Map.of(Score.GRAD_SQUARED, new TreeMap<>(Map.of(1, layer1, 3, layer3))), "a hash");
  }
}
