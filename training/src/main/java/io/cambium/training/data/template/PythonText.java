package io.cambium.training.data.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's methods of strings, where Java's differ or are missing. Positions are code points. */
final class PythonText {

  private PythonText() {}

  /** What {@code str.isspace} holds for white space. */
  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static boolean isBlank(String text) {
    return text.codePoints().allMatch(PythonText::isSpace);
  }

  static String strip(String text) {
    return stripLeft(stripRight(text));
  }

  static String stripLeft(String text) {
    int from = 0;
    while (from < text.length() && isSpace(text.charAt(from))) {
      from++;
    }
    return text.substring(from);
  }

  static String stripRight(String text) {
    int to = text.length();
    while (to > 0 && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(0, to);
  }

  /** {@code str.lstrip(characters)}. */
  static String stripLeft(String text, String characters) {
    int from = 0;
    while (from < text.length() && characters.indexOf(text.codePointAt(from)) >= 0) {
      from += Character.charCount(text.codePointAt(from));
    }
    return text.substring(from);
  }

  /** {@code str.rstrip(characters)}. */
  static String stripRight(String text, String characters) {
    int to = text.length();
    while (to > 0 && characters.indexOf(text.codePointBefore(to)) >= 0) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(0, to);
  }

  /** {@code str.split()}: at white space, without empty parts. */
  static List<Object> split(String text) {
    List<Object> parts = new ArrayList<>();
    int start = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean inside = i < text.length() && !isSpace(text.charAt(i));
      if (inside && start < 0) {
        start = i;
      } else if (!inside && start >= 0) {
        parts.add(text.substring(start, i));
        start = -1;
      }
    }
    return parts;
  }

  /** {@code str.split(separator, limit)}; a negative limit is none. */
  static List<Object> split(String text, String separator, long limit) {
    if (separator.isEmpty()) {
      throw new Refusal("split at an empty string");
    }
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int to = text.indexOf(separator);
        to >= 0 && (limit < 0 || parts.size() < limit);
        to = text.indexOf(separator, from)) {
      parts.add(text.substring(from, to));
      from = to + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    if (text.charAt(0) > 127) {
      throw new Refusal("capitalize of a text that begins with " + text.charAt(0));
    }
    return upper(text.substring(0, 1)) + lower(text.substring(1));
  }

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** The characters of a string, each a string. */
  static List<Object> characters(String text) {
    return new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
  }
}
