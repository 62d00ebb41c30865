package io.cambium.lab.analysis;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a token is to the eye, by its text without white space at its ends. The first class that
 * fits counts.
 */
public enum TokenClass {
  /** Decimal digits, with points and commas between them. */
  NUMBER("\\p{Nd}+([.,]\\p{Nd}+)*"),
  /** Signs of arithmetic, comparison and logic, as mathematics and programs write them. */
  OPERATOR("[+\\-*/%=<>!&|^~\\p{Sm}]+"),
  /** Brackets, with what programs put beside them, such as <code>();</code>. */
  BRACKET("[\\p{Ps}\\p{Pe};:,.]*[\\p{Ps}\\p{Pe}][\\p{Ps}\\p{Pe};:,.]*"),
  /** Letters of which the first is a capital. */
  CAPITALISED("[\\p{Lu}\\p{Lt}][\\p{L}\\p{M}]*"),
  /** Other letters, also the middle or the end of a word. */
  WORD("[\\p{L}\\p{M}]+"),
  /** All else: punctuation, white space, special tokens, pieces of a character. */
  OTHER(".*");

  private final Pattern pattern;

  TokenClass(String regex) {
    this.pattern = Pattern.compile(regex, Pattern.DOTALL);
  }

  /** The class of a token that decodes to this text. */
  public static TokenClass of(String text) {
    String bare = text.strip();
    for (TokenClass candidate : values()) {
      if (candidate.pattern.matcher(bare).matches()) {
        return candidate;
      }
    }
    throw new IllegalStateException("no class for " + text);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
