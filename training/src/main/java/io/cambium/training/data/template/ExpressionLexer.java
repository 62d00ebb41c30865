package io.cambium.training.data.template;

import io.cambium.training.data.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the tokens of one expression or tag. */
final class ExpressionLexer {

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern NUMBER = Pattern.compile("[0-9][0-9_]*(\\.[0-9]|[eE.][0-9+-])?");
  private static final Set<String> LONG = Set.of("==", "!=", "<=", ">=", "//", "**");
  private static final String SHORT = "+-*/%~[](){}.,:|=<>";

  private final String source;
  private final String closing;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int depth;
  private char sign = ' ';

  ExpressionLexer(String source, int from, String closing) {
    this.source = source;
    this.at = from;
    this.closing = closing;
  }

  /** The tokens up to the closing braces, {@link Token#LAST} at the end. */
  List<Token> tokens() {
    while (!closed()) {
      if (at >= source.length()) {
        throw new Refusal("a tag without an end");
      }
      if (PythonText.isSpace(source.charAt(at))) {
        at++;
      } else {
        tokens.add(next());
      }
    }
    tokens.add(Token.LAST);
    return tokens;
  }

  /** The position behind the closing braces. */
  int end() {
    return at;
  }

  /** The sign before the closing braces that says what happens to white space. */
  char sign() {
    return sign;
  }

  private boolean closed() {
    if (depth > 0 || at >= source.length()) {
      return false;
    }
    char c = source.charAt(at);
    boolean signed = c == '-' || (c == '+' && closing.equals("%}"));
    int braces = signed ? at + 1 : at;
    if (!source.startsWith(closing, braces)) {
      return false;
    }
    sign = signed ? c : ' ';
    at = braces + closing.length();
    return true;
  }

  private Token next() {
    char c = source.charAt(at);
    if (c == '\'' || c == '"') {
      return string(c);
    }
    Matcher name = NAME.matcher(source).region(at, source.length());
    if (name.lookingAt()) {
      at = name.end();
      return new Token(Kind.NAME, name.group());
    }
    Matcher number = NUMBER.matcher(source).region(at, source.length());
    return number.lookingAt() ? number(number) : operator(c);
  }

  private Token number(Matcher number) {
    at = number.end();
    String digits = number.group().replace("_", "");
    if (number.group(1) != null || digits.length() > 15) {
      throw new Refusal("the number " + number.group());
    }
    return new Token(Kind.INTEGER, digits);
  }

  private Token operator(char c) {
    if (at + 2 <= source.length() && LONG.contains(source.substring(at, at + 2))) {
      at += 2;
      return new Token(Kind.OPERATOR, source.substring(at - 2, at));
    }
    if (SHORT.indexOf(c) < 0) {
      throw new Refusal("the character " + c);
    }
    at++;
    depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
    return new Token(Kind.OPERATOR, String.valueOf(c));
  }

  private Token string(char quote) {
    StringBuilder text = new StringBuilder();
    for (at++; at < source.length(); ) {
      char c = source.charAt(at++);
      if (c == quote) {
        return new Token(Kind.STRING, text.toString());
      }
      if (c == '\\' && at < source.length()) {
        escape(text);
      } else {
        text.append(c);
      }
    }
    throw new Refusal("a string without an end");
  }

  private void escape(StringBuilder text) {
    char c = source.charAt(at++);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> text.append(c);
      case 'n' -> text.append('\n');
      case 't' -> text.append('\t');
      case 'r' -> text.append('\r');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case 'a' -> text.append('\u0007');
      case 'v' -> text.append('\u000b');
      case 'x' -> hexadecimal(text, 2);
      case 'u' -> hexadecimal(text, 4);
      case 'U' -> hexadecimal(text, 8);
      case 'N', '0', '1', '2', '3', '4', '5', '6', '7' ->
          throw new Refusal("the escape \\" + c + " in a string");
      default -> text.append('\\').append(c);
    }
  }

  private void hexadecimal(StringBuilder text, int digits) {
    try {
      text.appendCodePoint(Integer.parseInt(source, at, at + digits, 16));
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new Refusal("an escape of a string without its " + digits + " digits");
    }
    at += digits;
  }
}
