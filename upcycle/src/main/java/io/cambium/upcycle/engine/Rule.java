package io.cambium.upcycle.engine;

import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.family.Quantisation;
import io.cambium.upcycle.engine.Verdict.Word;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One thing that an engine does otherwise than a checkpoint means it.
 *
 * @param name for tests and people
 * @param applies to which checkpoints
 * @param reason what it does with them, and what helps
 */
record Rule(
    String name, Word word, Predicate<Candidate> applies, Function<Candidate, String> reason) {

  static Rule refused(String name, Predicate<Candidate> applies, String reason) {
    return new Rule(name, Word.REFUSED, applies, _ -> reason);
  }

  static Rule notVerified(String name, Predicate<Candidate> applies, String reason) {
    return new Rule(name, Word.NOT_VERIFIED, applies, _ -> reason);
  }

  static Rule warned(String name, Predicate<Candidate> applies, String reason) {
    return new Rule(name, Word.WARNED, applies, _ -> reason);
  }

  /** What no engine knows. */
  static final List<Rule> OF_ALL_ENGINES =
      List.of(
          new Rule(
              "selection other than top-K",
              Word.REFUSED,
              candidate -> !candidate.manifest().hasHuggingFaceForm(),
              candidate -> selection(Objects.requireNonNull(candidate.manifest().selection()))),
          notVerified(
              "quantised weights",
              candidate -> candidate.config().hasNonNull(Quantisation.KEY),
              "no engine was run with quantised weights"));

  private static String selection(Selection selection) {
    return selection.isRelease()
        ? "it chooses by lineage, engines by plain top-K: train it to the end of the release"
        : "it chooses experts by token id, engines by plain top-K";
  }
}
