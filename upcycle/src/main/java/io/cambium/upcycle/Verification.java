package io.cambium.upcycle;

import org.jspecify.annotations.Nullable;

/**
 * What reopening a grown directory and running it has shown.
 *
 * @param word the outcome
 * @param why what was promised, or why nothing was
 * @param fromPromise difference from the promised logits; absent where there is no promise
 * @param fromSource difference from the source as it is configured: the damage at step 0; absent
 *     where no logits were compared
 * @param text whether the tokens were those of a text, not random ones
 */
public record Verification(
    Word word,
    String why,
    @Nullable LogitDifference fromPromise,
    @Nullable LogitDifference fromSource,
    boolean text) {

  /** One without a comparison of logits, because less was asked for. */
  static Verification without(Word word, String why) {
    return new Verification(word, why, null, null, false);
  }

  /** The outcome for people, in a few lines. */
  public String describe() {
    StringBuilder words = new StringBuilder(word + ": " + why);
    if (fromPromise != null && !fromPromise.equals(fromSource)) {
      words.append("\n  from what is promised: ").append(fromPromise.describe());
    }
    if (fromSource == null) {
      return words.toString();
    }
    return words
        .append("\n  from the source: ")
        .append(fromSource.describe())
        .append(text ? " of text" : " drawn at random")
        .toString();
  }

  /** A failed verification is a {@link io.cambium.checkpoint.VerificationException} instead. */
  public enum Word {
    VERIFIED("verified"),
    STRUCTURE_VERIFIED("structure verified, logits not checked"),
    NOT_VERIFIED("not verified");

    private final String text;

    Word(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
