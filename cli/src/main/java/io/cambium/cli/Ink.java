package io.cambium.cli;

/**
 * Colours of the 256 that terminals know, readable on light and on dark ground.
 *
 * @param on false leaves all text as it is
 */
record Ink(boolean on) {

  /** As the convention of no-color.org has it. */
  static Ink forTerminal() {
    String noColor = System.getenv("NO_COLOR");
    return new Ink(noColor == null || noColor.isEmpty());
  }

  String strong(String text) {
    return styled("1", text);
  }

  String faint(String text) {
    return styled("2", text);
  }

  String curve(String text) {
    return styled("38;5;32", text);
  }

  String low(String text) {
    return styled("38;5;32", text);
  }

  String high(String text) {
    return styled("38;5;166", text);
  }

  String growth(String text) {
    return styled("38;5;29", text);
  }

  String alarm(String text) {
    return styled("1;38;5;160", text);
  }

  private String styled(String style, String text) {
    return on && !text.isEmpty() ? "\033[" + style + "m" + text + "\033[0m" : text;
  }
}
