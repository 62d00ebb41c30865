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

  /** Blocks of four numbers in a batch. */
  private static final int BLOCKS = BATCH / 4;

  private static final int PAIRS = BATCH / 2;
  private static final float LOG_2 = (float) StrictMath.log(2);

  /** A quarter of the angle that a 32-bit integer stands for; the whole is in [-pi, pi). */
  private static final float QUARTER_ANGLE = (float) (Math.PI * 0x1p-33);

  private final int[] x0 = new int[BLOCKS];
  private final int[] x1 = new int[BLOCKS];
  private final int[] x2 = new int[BLOCKS];
  private final int[] x3 = new int[BLOCKS];
  private final int[] forRadius = new int[PAIRS];
  private final int[] forAngle = new int[PAIRS];
  private final int[] zeros = new int[PAIRS];
  private final float[] radius = new float[PAIRS];
  private final float[] sine = new float[PAIRS];
  private final float[] cosine = new float[PAIRS];

  /**
   * Draws numbers.
   *
   * @param from index of the first, a multiple of {@link #BATCH}
   * @param count how many of them to put at the start of {@code normals}
   */
  public void draw(CounterRandom random, long from, float[] normals, int count) {
    if (from % BATCH != 0) {
      throw new IllegalArgumentException("no batch begins at " + from);
    }
    for (int done = 0; done < count; done += BATCH) {
      drawBatch(random, (from + done) / BATCH);
      int cosines = Math.min(PAIRS, count - done);
      int sines = Math.min(PAIRS, count - done - cosines);
      System.arraycopy(cosine, 0, normals, done, cosines);
      System.arraycopy(sine, 0, normals, done + cosines, sines);
    }
  }

  private void drawBatch(CounterRandom random, long batch) {
    blocks(random.generator(), batch * BLOCKS);
    join(x0, x1, forRadius);
    join(x2, x3, forAngle);
    countZeros();
    normalise();
    fraction();
    squareRadius();
    root();
    sineOfQuarter();
    cosineOfQuarter();
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

  private static void join(int[] first, int[] second, int[] both) {
    System.arraycopy(first, 0, both, 0, BLOCKS);
    System.arraycopy(second, 0, both, BLOCKS, BLOCKS);
  }

  /** Uniform u = (1 - y) / 2^z with y in (0, 1/2]: z, then bits that begin with a one, then y. */
  private void countZeros() {
    for (int i = 0; i < PAIRS; i++) {
      zeros[i] = Integer.numberOfLeadingZeros(forRadius[i] | 1);
    }
  }

  private void normalise() {
    for (int i = 0; i < PAIRS; i++) {
      forRadius[i] = (forRadius[i] | 1) << zeros[i];
    }
  }

  private void fraction() {
    for (int i = 0; i < PAIRS; i++) {
      radius[i] = 1 - (forRadius[i] >>> 8) * 0x1p-24f;
    }
  }

  /** -2 log u, where -log (1 - y) = 2 artanh (y / (2 - y)). */
  private void squareRadius() {
    for (int i = 0; i < PAIRS; i++) {
      float w = radius[i] / (2 - radius[i]);
      float s = w * w;
      float series = 1 + s * (1 / 3f + s * (1 / 5f + s * (1 / 7f + s * (1 / 9f + s / 11f))));
      radius[i] = 4 * w * series + 2 * (zeros[i] * LOG_2);
    }
  }

  private void root() {
    for (int i = 0; i < PAIRS; i++) {
      radius[i] = (float) Math.sqrt(radius[i]);
    }
  }

  private void sineOfQuarter() {
    for (int i = 0; i < PAIRS; i++) {
      float t = forAngle[i] * QUARTER_ANGLE;
      float s = t * t;
      sine[i] = t * (1 - s * (1 / 6f - s * (1 / 120f - s * (1 / 5040f - s * (1 / 362880f)))));
    }
  }

  private void cosineOfQuarter() {
    for (int i = 0; i < PAIRS; i++) {
      float t = forAngle[i] * QUARTER_ANGLE;
      float s = t * t;
      cosine[i] = 1 - s * (1 / 2f - s * (1 / 24f - s * (1 / 720f - s * (1 / 40320f))));
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
