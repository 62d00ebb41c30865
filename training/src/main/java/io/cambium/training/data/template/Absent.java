package io.cambium.training.data.template;

/** The two ways in which a value of jinja2 is not there. */
enum Absent {
  /** Python's {@code None}. */
  NONE("none"),
  /** A variable, attribute or item that nobody set: prints as nothing. */
  UNDEFINED("undefined");

  private final String word;

  Absent(String word) {
    this.word = word;
  }

  @Override
  public String toString() {
    return word;
  }
}
