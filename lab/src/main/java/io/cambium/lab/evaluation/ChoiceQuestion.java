package io.cambium.lab.evaluation;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * A question with answers to choose from.
 *
 * @param question empty where the choices are whole texts
 * @param answer index of the right one
 */
public record ChoiceQuestion(String question, List<String> choices, int answer) {

  private static final String FORM =
      "write {\"question\": \"...\", \"choices\": [\"...\", ...], \"answer\": index or choice}";

  public ChoiceQuestion {
    choices = List.copyOf(choices);
  }

  /**
   * Reads a JSONL file, a question on each line; other keys than {@code question}, {@code choices}
   * and {@code answer} are for others.
   *
   * @throws UsageException if a line is no question
   * @throws CheckpointException if the file cannot be read
   */
  public static List<ChoiceQuestion> read(Path file) {
    List<ChoiceQuestion> questions = new ArrayList<>();
    try {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        if (!lines.get(i).isBlank()) {
          questions.add(parse(lines.get(i), file + " line " + (i + 1)));
        }
      }
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
    if (questions.isEmpty()) {
      throw new UsageException(file, "holds no question", FORM);
    }
    return questions;
  }

  private static ChoiceQuestion parse(String line, String place) {
    JsonNode json;
    try {
      json = Json.MAPPER.readTree(line);
    } catch (JacksonException e) {
      throw new UsageException(place, "is not valid JSON: " + e.getOriginalMessage(), FORM, e);
    }
    JsonNode question = json.path("question");
    JsonNode choices = json.path("choices");
    if (!question.isString()) {
      throw new UsageException(place, "has no \"question\"", FORM);
    }
    if (!choices.isArray() || !choices.valueStream().allMatch(JsonNode::isString)) {
      throw new UsageException(place, "has no \"choices\" that are texts", FORM);
    }
    if (choices.size() < 2) {
      throw new UsageException(
          place, "has %d choices, and nothing to choose from".formatted(choices.size()), FORM);
    }
    if (choices.valueStream().anyMatch(choice -> choice.stringValue().isEmpty())) {
      throw new UsageException(
          place, "has an empty choice, whose likelihood has no length to divide it by", FORM);
    }
    List<String> texts = choices.valueStream().map(JsonNode::stringValue).toList();
    return new ChoiceQuestion(
        question.stringValue(), texts, answer(json.path("answer"), texts, place));
  }

  private static int answer(JsonNode answer, List<String> choices, String place) {
    int index = answer.isInt() ? answer.intValue() : choices.indexOf(answer.asString(""));
    if (index < 0 || index >= choices.size()) {
      throw new UsageException(place, "has an \"answer\" that is none of its choices", FORM);
    }
    return index;
  }
}
