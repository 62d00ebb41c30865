package io.cambium.upcycle;

import org.jspecify.annotations.Nullable;

/**
 * What reopening a grown directory and running it has shown.
 *
 * @param word the outcome
 * @param why what was promised, or why nothing was
 * @param fromPromise difference from the promised logits; absent where there is no promise
 * @param fromSource difference from the source as it is configured: the damage at step 0
 */
public record Verification(
    Word word, String why, @Nullable LogitDifference fromPromise, LogitDifference fromSource) {

  /** The outcome for people, in two or three lines. */
  public String describe() {
    String promise =
        fromPromise == null ? "" : "\n  from what is promised: " + fromPromise.describe();
    return word + ": " + why + promise + "\n  from the source: " + fromSource.describe();
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
