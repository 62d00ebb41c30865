package io.cambium.checkpoint;

import java.util.Arrays;

/**
 * Normal numbers of a {@link CounterRandom}'s stream in fp32, many at a time: the n-th is a
 * function of the stream and n alone, within 1e-5 of what Box and Muller's formula makes of 32 bits
 * each for radius and angle. The largest is 6.66, beyond which lies one of 4e10.
 *
 * <p>Every loop here is short and does one thing to every element of an array, as the compiler
 * makes vector instructions of such loops only: some 2 ns for a number, where {@link
 * CounterRandom#gaussian} takes 50. Sums, products and roots of floats are the same on every
 * platform. For use by one thread.
 */
public final class NormalDraws {

  /** Numbers that are drawn at once, at indices that begin at a multiple of it. */
  public static final int BATCH = 2048;

  /** Blocks of four numbers in a batch: a pair comes of the first and third word of each. */
  private static final int BLOCKS = BATCH / 4;

  private static final float LOG_2 = (float) StrictMath.log(2);

  /** A quarter of the angle that a 32-bit integer stands for; the whole is in [-pi, pi). */
  private static final float QUARTER_ANGLE = (float) (Math.PI * 0x1p-33);

  private final int[] x0 = new int[BLOCKS];
  private final int[] x1 = new int[BLOCKS];
  private final int[] x2 = new int[BLOCKS];
  private final int[] x3 = new int[BLOCKS];
  private final int[] zeros = new int[BLOCKS];
  private final float[] radius = new float[BLOCKS];
  private final float[] sine = new float[BLOCKS];
  private final float[] cosine = new float[BLOCKS];
  private final float[] sums = new float[BLOCKS];

  /** Takes numbers that lie together in a batch, in an array that is used again. */
  private interface Taker {
    void take(float[] normals, int at, int count);
  }

  /**
   * Draws numbers.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param count how many of them to put at the start of {@code normals}
   */
  public void draw(CounterRandom random, long from, float[] normals, int count) {
    each(random, from, count, (drawn, at, few) -> System.arraycopy(drawn, 0, normals, at, few));
  }

  /**
   * Adds a multiple of such numbers to others.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param values as many as are drawn
   * @param results what the sums are put in; may be {@code values}
   */
  public void add(CounterRandom random, long from, float factor, float[] values, float[] results) {
    each(
        random,
        from,
        values.length,
        (drawn, at, few) -> {
          System.arraycopy(values, at, sums, 0, few);
          addTimes(factor, drawn);
          System.arraycopy(sums, 0, results, at, few);
        });
  }

  /** Of arrays whose elements have the same index, or it would not become vector instructions. */
  private void addTimes(float factor, float[] drawn) {
    for (int i = 0; i < BLOCKS; i++) {
      sums[i] += factor * drawn[i];
    }
  }

  private void each(CounterRandom random, long from, int count, Taker taker) {
    if (from % BATCH != 0) {
      throw new IllegalArgumentException("no batch begins at " + from);
    }
    for (int done = 0; done < count; done += BATCH) {
      blocks(random.generator(), (from + done) / BATCH * BLOCKS);
      pairs(x0, x2);
      take(cosine, done, count, taker);
      take(sine, done + 2 * BLOCKS, count, taker);
      pairs(x1, x3);
      take(cosine, done + BLOCKS, count, taker);
      take(sine, done + 3 * BLOCKS, count, taker);
    }
  }

  private static void take(float[] drawn, int at, int count, Taker taker) {
    if (at < count) {
      taker.take(drawn, at, Math.min(BLOCKS, count - at));
    }
  }

  private void pairs(int[] forRadius, int[] forAngle) {
    countZeros(forRadius);
    normalise(forRadius);
    fraction(forRadius);
    squareRadius();
    root();
    sineOfQuarter(forAngle);
    cosineOfQuarter(forAngle);
    boxMuller();
  }

  /** Of neighbouring counters, word by word. */
  private void blocks(Threefry generator, long from) {
    for (int i = 0; i < BLOCKS; i++) {
      x0[i] = (int) from + i;
    }
    // The same for all of them, since the first is a multiple of their number.
    Arrays.fill(x1, (int) (from >>> 32));
    Arrays.fill(x2, 0);
    Arrays.fill(x3, 0);
    generator.encrypt(x0, x1, x2, x3);
  }

  /** Uniform u = (1 - y) / 2^z with y in (0, 1/2]: z, then bits that begin with a one, then y. */
  private void countZeros(int[] forRadius) {
    for (int i = 0; i < BLOCKS; i++) {
      zeros[i] = Integer.numberOfLeadingZeros(forRadius[i] | 1);
    }
  }

  private void normalise(int[] forRadius) {
    for (int i = 0; i < BLOCKS; i++) {
      forRadius[i] = (forRadius[i] | 1) << zeros[i];
    }
  }

  private void fraction(int[] forRadius) {
    for (int i = 0; i < BLOCKS; i++) {
      radius[i] = 1 - (forRadius[i] >>> 8) * 0x1p-24f;
    }
  }

  /** -2 log u, where -log (1 - y) = 2 artanh (y / (2 - y)). */
  private void squareRadius() {
    for (int i = 0; i < BLOCKS; i++) {
      float w = radius[i] / (2 - radius[i]);
      float s = w * w;
      float series = 1 + s * (1 / 3f + s * (1 / 5f + s * (1 / 7f + s * (1 / 9f + s / 11f))));
      radius[i] = 4 * w * series + 2 * (zeros[i] * LOG_2);
    }
  }

  private void root() {
    for (int i = 0; i < BLOCKS; i++) {
      radius[i] = (float) Math.sqrt(radius[i]);
    }
  }

  private void sineOfQuarter(int[] forAngle) {
    for (int i = 0; i < BLOCKS; i++) {
      float t = forAngle[i] * QUARTER_ANGLE;
      float s = t * t;
      sine[i] = t * (1 - s * (1 / 6f - s * (1 / 120f - s * (1 / 5040f - s * (1 / 362880f)))));
    }
  }

  private void cosineOfQuarter(int[] forAngle) {
    for (int i = 0; i < BLOCKS; i++) {
      float t = forAngle[i] * QUARTER_ANGLE;
      float s = t * t;
      cosine[i] = 1 - s * (1 / 2f - s * (1 / 24f - s * (1 / 720f - s * (1 / 40320f))));
    }
  }

  /** The angle doubled twice, then the pair. */
  private void boxMuller() {
    for (int i = 0; i < BLOCKS; i++) {
      float sineOfHalf = 2 * sine[i] * cosine[i];
      float cosineOfHalf = 1 - 2 * sine[i] * sine[i];
      sine[i] = radius[i] * (2 * sineOfHalf * cosineOfHalf);
      cosine[i] = radius[i] * (1 - 2 * sineOfHalf * sineOfHalf);
    }
  }
}
