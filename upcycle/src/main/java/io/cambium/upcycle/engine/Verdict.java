package io.cambium.upcycle.engine;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Comparator;
import java.util.List;

/**
 * Whether an engine runs a checkpoint as it is meant.
 *
 * @param word the gravest of the reasons'
 * @param reasons why it is not plainly so; none if it runs
 */
public record Verdict(Word word, List<String> reasons) {

  /** From the best to the gravest. */
  public enum Word {
    RUNS("yes"),
    /** It runs, within limits that a user should know. */
    WARNED("yes, but"),
    /** Nobody has seen it compute the same. */
    NOT_VERIFIED("not verified"),
    /** It does not load, or computes something else. */
    REFUSED("no");

    private final String text;

    Word(String text) {
      this.text = text;
    }

    @JsonValue
    @Override
    public String toString() {
      return text;
    }
  }

  public Verdict {
    reasons = List.copyOf(reasons);
  }

  /** What follows from the rules that apply, the gravest first. */
  static Verdict of(Candidate candidate, List<Rule> rules) {
    List<Rule> gravestFirst =
        rules.stream().sorted(Comparator.comparing(Rule::word).reversed()).toList();
    return new Verdict(
        gravestFirst.isEmpty() ? Word.RUNS : gravestFirst.getFirst().word(),
        gravestFirst.stream().map(rule -> rule.reason().apply(candidate)).toList());
  }

  /** Whether a result may be made for that engine. */
  public boolean isRefusal() {
    return word == Word.REFUSED;
  }

  /** All reasons in a line. */
  public String because() {
    return String.join("; ", reasons);
  }

  @Override
  public String toString() {
    return reasons.isEmpty() ? word.toString() : word + ": " + because();
  }
}
