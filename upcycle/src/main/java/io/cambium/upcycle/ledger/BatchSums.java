package io.cambium.upcycle.ledger;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Sums over many numbers: 128 of them side by side in fp32 over a batch, then all in fp64, always
 * in the same order. What is summed is copied to arrays of its own first: the compiler makes vector
 * instructions of a loop only where it sees that its arrays do not overlap. For use by one thread.
 */
public final class BatchSums {

  private static final int SIZE = 1024;
  private static final int LANES = SIZE / 8;

  private final float[] first = new float[SIZE];
  private final float[] second = new float[SIZE];
  private final int[] firstBits = new int[SIZE];
  private final int[] secondBits = new int[SIZE];

  /** Of the numbers themselves. */
  double of(float[] values) {
    double sum = 0;
    for (int from = 0; from < values.length; from += SIZE) {
      take(values, from, first);
      sum += folded();
    }
    return sum;
  }

  /** Of their squares. */
  public double ofSquares(float[] values) {
    double sum = 0;
    for (int from = 0; from < values.length; from += SIZE) {
      take(values, from, first);
      square();
      sum += folded();
    }
    return sum;
  }

  /** Of the squares of their differences from as many others. */
  public double ofSquaredDifferences(float[] values, float[] others) {
    double sum = 0;
    for (int from = 0; from < values.length; from += SIZE) {
      take(values, from, first);
      take(others, from, second);
      subtract();
      square();
      sum += folded();
    }
    return sum;
  }

  /** How many are not, bit by bit, the same as as many others. */
  public long differing(float[] values, float[] others) {
    long sum = 0;
    for (int from = 0; from < values.length; from += SIZE) {
      take(values, from, first);
      take(others, from, second);
      MemorySegment.ofArray(firstBits).copyFrom(MemorySegment.ofArray(first));
      MemorySegment.ofArray(secondBits).copyFrom(MemorySegment.ofArray(second));
      sum += differingBits();
    }
    return sum;
  }

  private static void take(float[] values, int from, float[] to) {
    int count = Math.min(SIZE, values.length - from);
    System.arraycopy(values, from, to, 0, count);
    Arrays.fill(to, count, SIZE, 0);
  }

  private void subtract() {
    for (int i = 0; i < SIZE; i++) {
      first[i] -= second[i];
    }
  }

  private void square() {
    for (int i = 0; i < SIZE; i++) {
      first[i] *= first[i];
    }
  }

  private int differingBits() {
    int differing = 0;
    for (int i = 0; i < SIZE; i++) {
      int difference = firstBits[i] ^ secondBits[i];
      differing += (difference | -difference) >>> (Integer.SIZE - 1);
    }
    return differing;
  }

  private double folded() {
    fold();
    double even = 0;
    double odd = 0;
    for (int lane = 0; lane < LANES; lane += 2) {
      even += first[lane];
      odd += first[lane + 1];
    }
    return even + odd;
  }

  private void fold() {
    for (int i = 0; i < LANES; i++) {
      first[i] =
          ((first[i] + first[LANES + i]) + (first[2 * LANES + i] + first[3 * LANES + i]))
              + ((first[4 * LANES + i] + first[5 * LANES + i])
                  + (first[6 * LANES + i] + first[7 * LANES + i]));
    }
  }
}
