package io.cambium.lab.evaluation;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * What a model makes of a question.
 *
 * @param logLikelihoods of each choice after the question, in nats
 */
public record ChoiceResult(ChoiceQuestion question, List<Double> logLikelihoods) {

  public ChoiceResult {
    logLikelihoods = List.copyOf(logLikelihoods);
  }

  /** The choice of the highest likelihood; of equal ones the first. */
  public int chosen() {
    return best(logLikelihoods);
  }

  /** The same with each log likelihood over its choice's length in characters (Unicode's). */
  public int chosenByCharacters() {
    return bestOver(choice -> choice.codePointCount(0, choice.length()));
  }

  /** The same with each log likelihood over its choice's length in UTF-8 bytes. */
  public int chosenByBytes() {
    return bestOver(choice -> choice.getBytes(StandardCharsets.UTF_8).length);
  }

  private int bestOver(ToIntFunction<String> length) {
    return best(
        IntStream.range(0, logLikelihoods.size())
            .mapToObj(i -> logLikelihoods.get(i) / length.applyAsInt(question.choices().get(i)))
            .toList());
  }

  private static int best(List<Double> values) {
    return IntStream.range(0, values.size())
        .reduce((best, i) -> values.get(i) > values.get(best) ? i : best)
        .orElseThrow();
  }

  /**
   * A share of questions.
   *
   * @param error its standard error, with n - 1; NaN for a single question
   */
  public record Accuracy(double share, double error) {

    /** The share of questions to which a way of choosing finds the right answer. */
    public static Accuracy of(List<ChoiceResult> results, ToIntFunction<ChoiceResult> chosen) {
      long right =
          results.stream().filter(r -> chosen.applyAsInt(r) == r.question.answer()).count();
      double share = (double) right / results.size();
      return new Accuracy(share, Math.sqrt(share * (1 - share) / (results.size() - 1)));
    }
  }
}
