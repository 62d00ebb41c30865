package io.cambium.training.data.template;

/**
 * A token of an expression.
 *
 * @param text a name, an operator, the digits of a number, or what a string literal stands for
 */
record Token(Kind kind, String text) {

  /** What a token is. */
  enum Kind {
    NAME,
    INTEGER,
    STRING,
    OPERATOR,
    END
  }

  static final Token LAST = new Token(Kind.END, "the end of the tag");

  /** Whether this is the operator or the keyword of that spelling. */
  boolean is(String spelling) {
    return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(spelling);
  }
}
