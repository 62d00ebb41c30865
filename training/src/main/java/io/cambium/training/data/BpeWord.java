package io.cambium.training.data;

import java.nio.charset.StandardCharsets;

/** A word of the training text as a row of tokens that merges make shorter. */
final class BpeWord {

  private final long count;
  private final int[] tokens;
  private int length;

  /**
   * @param count how often the text has the word
   */
  BpeWord(String word, long count) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    this.count = count;
    this.tokens = new int[bytes.length];
    this.length = bytes.length;
    for (int i = 0; i < length; i++) {
      tokens[i] = ByteLevel.tokenId(bytes[i]);
    }
  }

  /** Told how the counts of neighbouring pairs change. */
  interface PairChange {
    void accept(int left, int right, long change);
  }

  /** Reports every pair of neighbours. */
  void forEachPair(PairChange action) {
    for (int i = 1; i < length; i++) {
      action.accept(tokens[i - 1], tokens[i], count);
    }
  }

  /**
   * Joins every occurrence of a pair, from the left, and reports how the counts of the neighbouring
   * pairs change; the pair's own count is not reported.
   */
  void merge(int left, int right, int merged, PairChange changes) {
    int write = 0;
    for (int read = 0; read < length; write++) {
      boolean found = tokens[read] == left && read + 1 < length && tokens[read + 1] == right;
      if (!found) {
        tokens[write] = tokens[read++];
        continue;
      }
      if (write > 0) {
        changes.accept(tokens[write - 1], left, -count);
        changes.accept(tokens[write - 1], merged, count);
      }
      read += 2;
      if (read < length) {
        changes.accept(right, tokens[read], -count);
        changes.accept(merged, tokens[read], count);
      }
      tokens[write] = merged;
    }
    length = write;
  }
}
