package io.cambium.upcycle;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What reopening a grown directory and, where Cambium can, running it has shown.
 *
 * @param word the outcome
 * @param why what was promised, or why nothing was
 * @param fromPromise difference from the promised logits; absent where there is no promise
 * @param inSingle the same in fp32, where rounding took it beyond what is allowed; everything else
 *     then was computed in fp64
 * @param source which model it was compared with, in words
 * @param fromSource difference from that source as it is configured: the damage at step 0; absent
 *     where the models were not run
 * @param siblingCoselection share of tokens that choose two experts of one lineage, mean over the
 *     routing layers; absent where none are siblings or the models were not run
 * @param text whether the tokens were those of a text, not random ones
 */
public record Verification(
    Word word,
    String why,
    @Nullable LogitDifference fromPromise,
    @Nullable LogitDifference inSingle,
    String source,
    @Nullable LogitDifference fromSource,
    @Nullable Double siblingCoselection,
    boolean text) {

  /** One without a comparison of logits. */
  static Verification without(Word word, String why) {
    return new Verification(word, why, null, null, "", null, null, false);
  }

  /** The outcome for people, in a few lines. */
  public String describe() {
    boolean unpromised = fromSource != null && fromPromise == null;
    StringBuilder words = new StringBuilder(word + ": ");
    words.append(unpromised ? "nothing is promised of them, since " : "").append(why);
    if (fromPromise != null && !fromPromise.equals(fromSource)) {
      words.append("\n  from what is promised: ").append(fromPromise.describe());
    }
    if (fromSource != null) {
      words
          .append("\n  from " + source + ": ")
          .append(fromSource.describe())
          .append(text ? " of text" : " drawn at random");
    }
    if (inSingle != null) {
      words
          .append("\n  computed in fp64, since rounding adds up in fp32: there, ")
          .append(inSingle.describe());
    }
    if (siblingCoselection != null) {
      words.append(
          String.format(
              Locale.ROOT,
              "\n  sibling co-selection: %.3f of tokens choose two experts of one lineage",
              siblingCoselection));
    }
    return words.toString();
  }

  /** A failed verification is a {@link io.cambium.checkpoint.VerificationException} instead. */
  public enum Word {
    VERIFIED("verified"),
    STRUCTURE_VERIFIED("structure verified but logits not checked"),
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
