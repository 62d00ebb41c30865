package io.cambium.lab.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.training.data.corpus.QuestionTexts;
import io.cambium.training.data.corpus.QuestionTexts.Mistake;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionSetsTest {

  private static final QuestionTexts TEXTS =
      new QuestionTexts(
          IntStream.range(0, 7)
              .mapToObj(i ->
                  "word%d, synonym: meaning %d; another; \"%d is said to be the end%s.\""
                      .formatted(i, i, i, "abcdefg".charAt(i)))
              .toList(),
          List.of(new Mistake("He go.", "He goes."), new Mistake("A apple.", "An apple.")));

  @TempDir private Path folder;

  @Test
  void theRightAnswerIsWhereTheQuestionSays() {
    QuestionSets sets = QuestionSets.of(TEXTS, 5, 3);
    assertThat(sets.byName()).containsOnlyKeys("minimal-pairs", "definitions", "last-words");
    assertThat(sets.byName().get("minimal-pairs"))
        .hasSize(2)
        .allSatisfy(pair -> {
          assertThat(pair.question()).isEmpty();
          assertThat(right(pair)).isIn("He goes.", "An apple.");
        });
    assertThat(sets.byName().get("definitions"))
        .hasSize(5)
        .allSatisfy(question -> {
          assertThat(question.choices()).hasSize(4).doesNotHaveDuplicates();
          assertThat(right(question)).isEqualTo("meaning " + question.question().charAt(4));
        });
    assertThat(sets.byName().get("last-words"))
        .hasSize(5)
        .allSatisfy(question -> {
          assertThat(question.choices()).hasSize(4).doesNotHaveDuplicates();
          int number = question.question().charAt(0) - '0';
          assertThat(question.question()).isEqualTo(number + " is said to be the");
          assertThat(right(question)).isEqualTo("end" + "abcdefg".charAt(number));
        });
  }

  private static String right(ChoiceQuestion question) {
    return question.choices().get(question.answer());
  }

  @Test
  void theSameSeedMakesTheSameQuestions() {
    assertThat(QuestionSets.of(TEXTS, 5, 3)).isEqualTo(QuestionSets.of(TEXTS, 5, 3));
    assertThat(QuestionSets.of(TEXTS, 5, 3)).isNotEqualTo(QuestionSets.of(TEXTS, 5, 4));
  }

  @Test
  void whatIsWrittenIsRead() {
    QuestionSets sets = QuestionSets.of(TEXTS, 5, 3);
    Path out = folder.resolve("questions");
    sets.write(out, false);
    sets.byName()
        .forEach((name, questions) ->
            assertThat(ChoiceQuestion.read(out.resolve(name + ".jsonl"))).isEqualTo(questions));
  }
}
