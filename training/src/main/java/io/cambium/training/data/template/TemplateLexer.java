package io.cambium.training.data.template;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into text, expressions and tags, as jinja2 does with {@code trim_blocks} and
 * {@code lstrip_blocks}, the setting of transformers. jinjava's own treatment of white space
 * differs in several places (white space before an expression, a tag's first line), so jinjava gets
 * to see none.
 */
final class TemplateLexer {

  private final String source;
  private final List<Piece> pieces = new ArrayList<>();
  private int at;
  private boolean lineStart = true;

  private TemplateLexer(String source) {
    String lines = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
  }

  /**
   * The pieces of a template.
   *
   * @throws Refusal if a tag is not closed
   */
  static List<Piece> pieces(String source) {
    TemplateLexer lexer = new TemplateLexer(source);
    lexer.run();
    return lexer.pieces;
  }

  private void run() {
    while (at < source.length()) {
      int open = nextOpening();
      if (open < 0) {
        text(source.substring(at));
        return;
      }
      char kind = source.charAt(open + 1);
      char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
      text(before(open, kind, sign));
      at = open + (sign == '-' || sign == '+' ? 3 : 2);
      if (kind == '#') {
        comment(open);
      } else {
        code(open, kind == '%');
      }
    }
  }

  private int nextOpening() {
    for (int i = at; i + 1 < source.length(); i++) {
      if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private void text(String text) {
    if (!text.isEmpty()) {
      pieces.add(new Piece.Text(text));
    }
  }

  private String before(int open, char kind, char sign) {
    String text = source.substring(at, open);
    if (sign == '-') {
      return PythonText.stripRight(text);
    }
    int line = text.lastIndexOf('\n') + 1;
    boolean alone = (line > 0 || lineStart) && PythonText.isBlank(text.substring(line));
    return kind != '{' && sign != '+' && alone ? text.substring(0, line) : text;
  }

  private void comment(int open) {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw new Refusal("a comment without an end" + place(open));
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    close(end + 2, sign, true);
  }

  private void code(int open, boolean tag) {
    ExpressionLexer lexer = new ExpressionLexer(source, at, tag ? "%}" : "}}");
    List<Token> tokens;
    try {
      tokens = lexer.tokens();
    } catch (Refusal e) {
      throw new Refusal(e.getMessage() + place(open));
    }
    pieces.add(new Piece.Code(tag, tokens, line(open)));
    close(lexer.end(), lexer.sign(), tag);
  }

  /** Goes on behind a closing brace, and behind the white space that falls with it. */
  private void close(int behind, char sign, boolean trim) {
    at = behind;
    if (sign == '-') {
      while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
        at++;
      }
    } else if (trim && sign != '+' && source.startsWith("\n", at)) {
      at++;
    }
    lineStart = source.charAt(at - 1) == '\n';
  }

  private String place(int position) {
    return " (line " + line(position) + ")";
  }

  private int line(int position) {
    return 1 + (int) source.substring(0, position).chars().filter(c -> c == '\n').count();
  }
}
