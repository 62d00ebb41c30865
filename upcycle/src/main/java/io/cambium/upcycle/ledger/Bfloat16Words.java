package io.cambium.upcycle.ledger;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Numbers in bf16, two to a 32-bit word, as the compiler makes vector instructions of what is done
 * to words and floats, and none of what is done to 16 bits. For use by one thread.
 */
final class Bfloat16Words {

  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort NUMBER =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int UPPER = 0xFFFF0000;

  private final int[] words;
  private final int[] bits;
  private final float[] evens;
  private final float[] odds;

  /**
   * Room for numbers.
   *
   * @param size how many words
   */
  Bfloat16Words(int size) {
    words = new int[size];
    bits = new int[size];
    evens = new float[size];
    odds = new float[size];
  }

  /** Reads numbers, of which an odd one at the end is half a word. */
  void read(MemorySegment data, long from, int count) {
    MemorySegment.copy(data, WORD, from * Short.BYTES, words, 0, count / 2);
    if (count % 2 == 1) {
      words[count / 2] = data.get(NUMBER, (from + count - 1) * Short.BYTES);
    }
  }

  /**
   * Adds a multiple of floats to the numbers, and rounds the sums to nearest even.
   *
   * @param ofEvens for the lower half of each word
   * @param ofOdds for the upper half
   */
  void add(float factor, float[] ofEvens, float[] ofOdds) {
    shiftLower();
    copy(bits, evens);
    addTimes(factor, ofEvens, evens);
    keepUpper();
    copy(bits, odds);
    addTimes(factor, ofOdds, odds);
    copy(evens, words);
    copy(odds, bits);
    joinRounded();
  }

  /** Writes the numbers. */
  void write(MemorySegment data, long from, int count) {
    MemorySegment.copy(words, 0, data, WORD, from * Short.BYTES, count / 2);
    if (count % 2 == 1) {
      data.set(NUMBER, (from + count - 1) * Short.BYTES, (short) words[count / 2]);
    }
  }

  private void shiftLower() {
    for (int i = 0; i < words.length; i++) {
      bits[i] = words[i] << Short.SIZE;
    }
  }

  private void keepUpper() {
    for (int i = 0; i < words.length; i++) {
      bits[i] = words[i] & UPPER;
    }
  }

  private static void addTimes(float factor, float[] added, float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] += factor * added[i];
    }
  }

  /**
   * A NaN, whose lower half a sum of numbers in bf16 leaves empty, stays one without a branch; an
   * infinity does too.
   */
  private void joinRounded() {
    for (int i = 0; i < words.length; i++) {
      int even = words[i] + 0x7FFF + ((words[i] >>> Short.SIZE) & 1);
      int odd = bits[i] + 0x7FFF + ((bits[i] >>> Short.SIZE) & 1);
      words[i] = (even >>> Short.SIZE) | (odd & UPPER);
    }
  }

  /** Bit by bit; a loop over {@link Float#intBitsToFloat} is five times as slow. */
  private static void copy(int[] from, float[] to) {
    MemorySegment.ofArray(to).copyFrom(MemorySegment.ofArray(from));
  }

  private static void copy(float[] from, int[] to) {
    MemorySegment.ofArray(to).copyFrom(MemorySegment.ofArray(from));
  }
}
