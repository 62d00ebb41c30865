package io.cambium.lab.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.evaluation.ChoiceResult.Accuracy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChoiceTest {

  @TempDir Path folder;

  @Test
  void readsAnswersByIndexAndByText() throws IOException {
    Path file =
        write(
            """
            {"question": "One", "choices": ["a", "b"], "answer": 1, "source": "mine"}

            {"question": "Two", "choices": ["c", "d", "e"], "answer": "c"}
            """);
    assertThat(ChoiceQuestion.read(file))
        .containsExactly(
            new ChoiceQuestion("One", List.of("a", "b"), 1),
            new ChoiceQuestion("Two", List.of("c", "d", "e"), 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"choices\": [\"a\", \"b\"], \"answer\": 0}",
        "{\"question\": \"One\", \"choices\": [\"a\"], \"answer\": 0}",
        "{\"question\": \"One\", \"choices\": [\"a\", 2], \"answer\": 0}",
        "{\"question\": \"One\", \"choices\": [\"a\", \"b\"], \"answer\": 2}",
        "{\"question\": \"One\", \"choices\": [\"a\", \"b\"], \"answer\": \"B\"}",
        "{\"question\": \"One\"",
        ""
      })
  void refuses(String line) throws IOException {
    Path file = write(line);
    assertThatThrownBy(() -> ChoiceQuestion.read(file))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("questions.jsonl");
  }

  @ParameterizedTest
  @CsvSource({
    "'[\"a\"]', has 1 choices",
    "'[]', has 0 choices",
    "'[\"a\", \"\"]', has an empty choice",
    "'[\"a\", 2]', has no \"choices\" that are texts"
  })
  void saysWhatIsWrongWithTheChoices(String choices, String message) throws IOException {
    Path file = write("{\"question\": \"One\", \"choices\": %s, \"answer\": 0}".formatted(choices));
    assertThatThrownBy(() -> ChoiceQuestion.read(file))
        .hasMessageContaining("questions.jsonl line 1: " + message);
  }

  /** Per character 1, 1.05 and 1.2; umlaut and clef are two characters of six bytes: 0.35. */
  @Test
  void choosesByLikelihoodAndByThatOverLength() {
    ChoiceQuestion question = new ChoiceQuestion("One", List.of("ab", "ü\uD834\uDD1E", "c"), 1);
    ChoiceResult result = new ChoiceResult(question, List.of(-2.0, -2.1, -1.2));
    assertThat(result.chosen()).isEqualTo(2);
    assertThat(result.chosenByCharacters()).isZero();
    assertThat(result.chosenByBytes()).isEqualTo(1);
  }

  @Test
  void standardErrorsAreOfASample() {
    ChoiceQuestion question = new ChoiceQuestion("One", List.of("a", "b"), 0);
    ChoiceResult right = new ChoiceResult(question, List.of(-1.0, -2.0));
    ChoiceResult wrong = new ChoiceResult(question, List.of(-2.0, -1.0));
    Accuracy accuracy = Accuracy.of(List.of(right, wrong, wrong, wrong), ChoiceResult::chosen);
    assertThat(accuracy.share()).isEqualTo(0.25);
    // The sample's variance is (0.75^2 + 3 x 0.25^2) / 3 = 0.25; over 4, and the root.
    assertThat(accuracy.error()).isEqualTo(0.25, Offset.offset(1e-12));
  }

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("questions.jsonl"), text);
  }
}
