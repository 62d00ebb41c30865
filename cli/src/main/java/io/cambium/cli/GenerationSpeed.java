package io.cambium.cli;

import java.util.Locale;

/** Times a generation: the prompt, which yields the first token, and the tokens after it. */
final class GenerationSpeed {

  private static final double NANOS = 1e9;

  private final int promptTokens;
  private final long start = System.nanoTime();
  private long first;
  private long last;
  private int tokens;

  /** The generation begins now. */
  GenerationSpeed(int promptTokens) {
    this.promptTokens = promptTokens;
  }

  /** A token has come, be it one that ends the text. */
  void token() {
    last = System.nanoTime();
    if (tokens++ == 0) {
      first = last;
    }
  }

  @Override
  public String toString() {
    return "prompt: "
        + rate(promptTokens, tokens == 0 ? 0 : first - start)
        + ", generated: "
        + rate(tokens - 1, last - first);
  }

  private static String rate(int tokens, long nanos) {
    return nanos == 0
        ? "nothing to time"
        : String.format(Locale.ROOT, "%d tokens at %.1f tokens/s", tokens, tokens * NANOS / nanos);
  }
}
