package io.cambium.checkpoint;

import java.util.Arrays;
import java.util.List;

/**
 * Normal numbers of a {@link CounterRandom}'s stream in fp32, many at a time: the n-th is a
 * function of the stream and n alone, within 1e-5 of what Box and Muller's formula makes of 32 bits
 * each for radius and angle. The largest is 6.66, beyond which lies one of 4e10.
 *
 * <p>Every loop here is short and does one thing to every element of an array, as the compiler
 * makes vector instructions of such loops only: some 1.2 ns for a number, where {@link
 * CounterRandom#gaussian} takes 50. Sums, products, roots and fused products of floats are the same
 * on every platform; where a processor has no fused product, a hundred times slower (all of x86-64
 * since 2013 and of ARM have). For use by one thread.
 */
public final class NormalDraws {

  /** Numbers that are drawn at once, at indices that begin at a multiple of it. */
  public static final int BATCH = 2048;

  /** Pairs that are handed over at once: a block of the generator makes two. */
  public static final int PAIRS = BATCH / 4;

  private static final float LOG_2 = (float) StrictMath.log(2);

  /** A quarter of the angle that a 32-bit integer stands for; the whole is in [-pi, pi). */
  private static final float QUARTER_ANGLE = (float) (Math.PI * 0x1p-33);

  private final int[] x0 = new int[PAIRS];
  private final int[] x1 = new int[PAIRS];
  private final int[] x2 = new int[PAIRS];
  private final int[] x3 = new int[PAIRS];
  private final int[] zeros = new int[PAIRS];
  private final float[] radius = new float[PAIRS];
  private final float[] sine = new float[PAIRS];
  private final float[] cosine = new float[PAIRS];

  /** 32 bits for each pair's radius, and for its angle. */
  private int[] forRadius = x0;

  private int[] forAngle = x2;

  /**
   * Makes pairs of bits. A list, since the compiler then makes code of each step by itself: of all
   * loops together, in one method, it leaves some without vector instructions.
   */
  private final List<Runnable> pairs =
      List.of(
          () -> makeOdd(forRadius),
          () -> countZeros(forRadius),
          () -> normalise(forRadius),
          () -> squareRadius(forRadius),
          this::root,
          () -> quarterAngle(forAngle),
          this::boxMuller);

  /** Takes pairs of neighbouring numbers, in arrays that are used again. */
  public interface Taker {

    /**
     * The number {@code at + 2 i} is {@code evens[i]}, the one after it {@code odds[i]}.
     *
     * @param evens {@link #PAIRS} numbers
     * @param odds as many
     * @param at how many numbers came before
     * @param count of numbers that are wanted of both together
     */
    void take(float[] evens, float[] odds, int at, int count);
  }

  /** Takes a number. */
  public interface NumberTaker {

    /**
     * Takes one.
     *
     * @param at how many came before
     */
    void take(int at, float normal);
  }

  /**
   * Draws numbers.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param count how many of them to put at the start of {@code normals}
   */
  public void draw(CounterRandom random, long from, float[] normals, int count) {
    oneByOne(random, from, count, (at, normal) -> normals[at] = normal);
  }

  /**
   * Draws numbers for somebody who takes them one by one.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param count how many
   */
  public void oneByOne(CounterRandom random, long from, int count, NumberTaker taker) {
    each(
        random,
        from,
        count,
        (evens, odds, at, wanted) -> {
          for (int i = 0; i < wanted; i++) {
            taker.take(at + i, (i & 1) == 0 ? evens[i / 2] : odds[i / 2]);
          }
        });
  }

  /**
   * Draws numbers for somebody who takes them in pairs, which is the fast way.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param count how many
   */
  public void each(CounterRandom random, long from, int count, Taker taker) {
    if (from % BATCH != 0) {
      throw new IllegalArgumentException("no batch begins at " + from);
    }
    for (int done = 0; done < count; done += BATCH) {
      blocks(random.generator(), (from + done) / BATCH * PAIRS);
      take(x0, x2, done, count, taker);
      take(x1, x3, done + 2 * PAIRS, count, taker);
    }
  }

  private void take(int[] radiusBits, int[] angleBits, int at, int count, Taker taker) {
    if (at < count) {
      forRadius = radiusBits;
      forAngle = angleBits;
      pairs.forEach(Runnable::run);
      taker.take(cosine, sine, at, Math.min(2 * PAIRS, count - at));
    }
  }

  /** Of neighbouring counters, word by word. */
  private void blocks(Threefry generator, long from) {
    for (int i = 0; i < PAIRS; i++) {
      x0[i] = (int) from + i;
    }
    // The same for all of them, since the first is a multiple of their number.
    Arrays.fill(x1, (int) (from >>> 32));
    Arrays.fill(x2, 0);
    Arrays.fill(x3, 0);
    generator.encrypt(x0, x1, x2, x3);
  }

  /** There is no logarithm of zero. */
  private static void makeOdd(int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      bits[i] |= 1;
    }
  }

  /** Uniform u = (1 - y) / 2^z with y in (0, 1/2]: z, then bits that begin with a one, then y. */
  private void countZeros(int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      zeros[i] = Integer.numberOfLeadingZeros(bits[i]);
    }
  }

  /** A shift by another array's numbers is a vector instruction where it is alone in its loop. */
  private void normalise(int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      bits[i] <<= zeros[i];
    }
  }

  /** -2 log u, where -log (1 - y) = 2 artanh w with w = y / (2 - y), by its series. */
  private void squareRadius(int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      float y = 1 - (bits[i] >>> 8) * 0x1p-24f;
      float w = y / (2 - y);
      float s = w * w;
      float series = Math.fma(s, 1 / 11f, 1 / 9f);
      series = Math.fma(s, series, 1 / 7f);
      series = Math.fma(s, series, 1 / 5f);
      series = Math.fma(s, series, 1 / 3f);
      series = Math.fma(s, series, 1);
      radius[i] = Math.fma(4 * w, series, zeros[i] * (2 * LOG_2));
    }
  }

  private void root() {
    for (int i = 0; i < PAIRS; i++) {
      radius[i] = (float) Math.sqrt(radius[i]);
    }
  }

  /** Sine and cosine, by their series, of at most a quarter of pi either way. */
  private void quarterAngle(int[] bits) {
    for (int i = 0; i < PAIRS; i++) {
      float t = bits[i] * QUARTER_ANGLE;
      float s = t * t;
      float odd = Math.fma(s, 1 / 362880f, -1 / 5040f);
      odd = Math.fma(s, odd, 1 / 120f);
      odd = Math.fma(s, odd, -1 / 6f);
      sine[i] = t * Math.fma(s, odd, 1);
      float even = Math.fma(s, 1 / 40320f, -1 / 720f);
      even = Math.fma(s, even, 1 / 24f);
      even = Math.fma(s, even, -1 / 2f);
      cosine[i] = Math.fma(s, even, 1);
    }
  }

  /** The angle doubled twice, then the pair. */
  private void boxMuller() {
    for (int i = 0; i < PAIRS; i++) {
      float sineOfHalf = 2 * sine[i] * cosine[i];
      float cosineOfHalf = 1 - 2 * sine[i] * sine[i];
      sine[i] = radius[i] * (2 * sineOfHalf * cosineOfHalf);
      cosine[i] = radius[i] * (1 - 2 * sineOfHalf * sineOfHalf);
    }
  }
}
