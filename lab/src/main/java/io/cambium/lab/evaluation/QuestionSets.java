package io.cambium.lab.evaluation;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.StagedDirectory;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.corpus.QuestionTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/**
 * Three sets of questions with choices: which of two sentences is right, what a word means, and how
 * a sentence ends. The same texts, size and seed make the same questions.
 *
 * @param byName questions by the name of their file
 */
public record QuestionSets(SequencedMap<String, List<ChoiceQuestion>> byName) {

  private static final ObjectWriter LINE =
      Json.MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

  private static final int CHOICES = 4;
  private static final int LEAST_WORDS = 6;
  private static final Pattern WORD = Pattern.compile("\\p{L}{3,}");
  private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");
  private static final Pattern END = Pattern.compile("[.!?;,]+$");

  /** A question that is still without the answers that are wrong. */
  private record Asked(String question, String right) {}

  /**
   * Makes the questions.
   *
   * @param size of each set at most
   */
  public static QuestionSets of(QuestionTexts texts, int size, long seed) {
    SequencedMap<String, List<ChoiceQuestion>> sets = new LinkedHashMap<>();
    sets.put("minimal-pairs", minimalPairs(texts.mistakes(), size, new SplittableRandom(seed)));
    sets.put(
        "definitions", choices(definitions(texts.glosses()), size, new SplittableRandom(seed)));
    sets.put("last-words", choices(lastWords(texts.glosses()), size, new SplittableRandom(seed)));
    return new QuestionSets(sets);
  }

  private static List<ChoiceQuestion> minimalPairs(
      List<QuestionTexts.Mistake> mistakes, int size, RandomGenerator random) {
    List<QuestionTexts.Mistake> drawn = new ArrayList<>(mistakes);
    Collections.shuffle(drawn, random);
    return drawn.stream()
        .limit(size)
        .map(mistake -> question("", mistake.right(), List.of(mistake.wrong()), random))
        .toList();
  }

  /** A word and a colon, as WordNet's lines begin, and the first of its definitions. */
  private static List<Asked> definitions(List<String> glosses) {
    List<Asked> asked = new ArrayList<>();
    for (String gloss : glosses) {
      int colon = gloss.indexOf(": ");
      String definition = gloss.substring(colon + 2).split(";", 2)[0].strip();
      if (!definition.isEmpty() && definition.indexOf('"') < 0) {
        asked.add(new Asked(gloss.substring(0, colon).split(", ")[0] + ":", definition));
      }
    }
    return asked;
  }

  /** WordNet's examples of use, without their last words. */
  private static List<Asked> lastWords(List<String> glosses) {
    List<Asked> asked = new ArrayList<>();
    for (String gloss : glosses) {
      for (MatchResult example : QUOTED.matcher(gloss).results().toList()) {
        String sentence = END.matcher(example.group(1).strip()).replaceFirst("");
        int space = sentence.lastIndexOf(' ');
        String last = sentence.substring(space + 1);
        if (sentence.split(" ").length >= LEAST_WORDS && WORD.matcher(last).matches()) {
          asked.add(new Asked(sentence.substring(0, space), last));
        }
      }
    }
    return asked;
  }

  /** The answers of other questions are the wrong ones. */
  private static List<ChoiceQuestion> choices(List<Asked> asked, int size, RandomGenerator random) {
    List<Asked> drawn = new ArrayList<>(asked);
    Collections.shuffle(drawn, random);
    List<ChoiceQuestion> questions = new ArrayList<>();
    for (Asked one : drawn.subList(0, Math.min(size, drawn.size()))) {
      List<String> wrong =
          random
              .ints(0, drawn.size())
              .mapToObj(i -> drawn.get(i).right())
              .filter(other -> !other.equalsIgnoreCase(one.right()))
              .distinct()
              .limit(CHOICES - 1)
              .toList();
      questions.add(question(one.question(), one.right(), wrong, random));
    }
    return questions;
  }

  private static ChoiceQuestion question(
      String question, String right, List<String> wrong, RandomGenerator random) {
    int answer = random.nextInt(wrong.size() + 1);
    List<String> choices = new ArrayList<>(wrong);
    choices.add(answer, right);
    return new ChoiceQuestion(question, choices, answer);
  }

  /**
   * Writes {@code NAME.jsonl} for each set, as {@link ChoiceQuestion#read} reads them.
   *
   * @param overwrite whether an existing directory may be replaced
   * @throws UsageException if it exists and may not be
   * @throws CheckpointException if the disk refuses
   */
  public void write(Path target, boolean overwrite) {
    try (StagedDirectory staged = StagedDirectory.create(target, overwrite)) {
      for (Map.Entry<String, List<ChoiceQuestion>> set : byName.entrySet()) {
        Files.write(
            staged.path().resolve(set.getKey() + ".jsonl"),
            set.getValue().stream().map(LINE::writeValueAsString).toList());
      }
      staged.commit();
    } catch (IOException e) {
      throw CheckpointException.unwritable(target, e);
    }
  }
}
