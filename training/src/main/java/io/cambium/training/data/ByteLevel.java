package io.cambium.training.data;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The byte-level alphabet and word boundaries of GPT-2 (github.com/openai/gpt-2, {@code
 * src/encoder.py}), which Hugging Face calls ByteLevel: every byte is written as one printable
 * character, so that any text has tokens.
 */
final class ByteLevel {

  static final int ALPHABET_SIZE = 256;

  private static final Pattern WORD =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  private static final char[] CHARACTERS = characters();
  private static final int[] TOKEN_IDS = tokenIds();

  private ByteLevel() {}

  /** The characters that stand for bytes, in the order of their code points. */
  static List<String> alphabet() {
    char[] sorted = CHARACTERS.clone();
    Arrays.sort(sorted);
    return new String(sorted).chars().mapToObj(Character::toString).toList();
  }

  /** The token of a byte, in a vocabulary of the end-of-text token and then the alphabet. */
  static int tokenId(byte value) {
    return TOKEN_IDS[Byte.toUnsignedInt(value)];
  }

  /** Hands out the words of a text, in order; together they are the text. */
  static void forEachWord(String text, Consumer<String> action) {
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      action.accept(matcher.group());
    }
  }

  /** Printable Latin-1 bytes stand for themselves, the others follow from U+0100 on. */
  private static char[] characters() {
    char[] characters = new char[ALPHABET_SIZE];
    char next = ALPHABET_SIZE;
    for (char value = 0; value < ALPHABET_SIZE; value++) {
      boolean printable =
          (value >= '!' && value <= '~') || (value >= '\u00A1' && value != '\u00AD');
      characters[value] = printable ? value : next++;
    }
    return characters;
  }

  private static int[] tokenIds() {
    List<String> alphabet = alphabet();
    int[] ids = new int[ALPHABET_SIZE];
    for (int value = 0; value < ALPHABET_SIZE; value++) {
      ids[value] = 1 + alphabet.indexOf(Character.toString(CHARACTERS[value]));
    }
    return ids;
  }
}
