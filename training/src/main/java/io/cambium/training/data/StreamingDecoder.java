package io.cambium.training.data;

import java.util.Arrays;

/**
 * Turns tokens that arrive one by one into text that can be shown at once: characters whose UTF-8
 * bytes are spread over several tokens are held back until they are complete.
 *
 * <p>The tokens since the last emission are decoded together with those of the emission before it,
 * because some decoders treat the first token of a text specially.
 */
public final class StreamingDecoder {

  private static final String REPLACEMENT = "\uFFFD";

  private final Tokenizer tokenizer;
  private int[] pending = {};
  private int emitted;

  StreamingDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Takes a token; gives the text that became complete with it, often empty. */
  public String next(int id) {
    pending = Arrays.copyOf(pending, pending.length + 1);
    pending[pending.length - 1] = id;
    String text = newText();
    if (text.isEmpty() || text.endsWith(REPLACEMENT)) {
      return "";
    }
    pending = Arrays.copyOfRange(pending, emitted, pending.length);
    emitted = pending.length;
    return text;
  }

  /** What was held back; an incomplete character shows as U+FFFD. */
  public String finish() {
    String text = newText();
    pending = new int[0];
    emitted = 0;
    return text;
  }

  private String newText() {
    String before = tokenizer.decode(Arrays.copyOf(pending, emitted));
    String all = tokenizer.decode(pending);
    return all.substring(Math.min(before.length(), all.length()));
  }
}
