package io.cambium.upcycle;

import org.jspecify.annotations.Nullable;

/**
 * What reopening a grown directory and running it has shown.
 *
 * @param word the outcome
 * @param why what was promised, or why nothing was
 * @param fromPromise difference from the promised logits; absent where there is no promise
 * @param fromSource difference from the source as it is configured: the damage at step 0
 * @param text whether the tokens were those of a text, not random ones
 */
public record Verification(
    Word word,
    String why,
    @Nullable LogitDifference fromPromise,
    LogitDifference fromSource,
    boolean text) {

  /** The outcome for people, in a few lines. */
  public String describe() {
    StringBuilder words = new StringBuilder(word + ": " + why);
    if (fromPromise != null && !fromPromise.equals(fromSource)) {
      words.append("\n  from what is promised: ").append(fromPromise.describe());
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
    STRUCTURE_VERIFIED("structure verified, logits not checked");

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
