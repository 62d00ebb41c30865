package io.cambium.checkpoint;

/**
 * Normal numbers of a {@link CounterRandom}'s stream in fp32, many at a time: the n-th is a
 * function of the stream and n alone, within 1e-5 of what Box and Muller's formula makes of 32 bits
 * each for radius and angle. The largest is 6.66, beyond which lies one of 4e10.
 *
 * <p>Every loop here is short and does one thing to every element of an array, as the compiler
 * makes vector instructions of such loops only: some 3 ns for a number, where {@link
 * CounterRandom#gaussian} takes 50. Sums, products and roots of floats are the same on every
 * platform. For use by one thread.
 */
public final class NormalDraws {

  /** Numbers that are drawn at once, at indices that begin at a multiple of it. */
  public static final int BATCH = 4096;

  /** Blocks of four numbers in a batch. */
  private static final int BLOCKS = BATCH / 4;

  private static final int PAIRS = BATCH / 2;
  private static final long WORD = 0xFFFFFFFFL;
  private static final float LOG_2 = (float) StrictMath.log(2);

  /** A quarter of the angle that a 32-bit integer stands for; the whole is in [-pi, pi). */
  private static final float QUARTER_ANGLE = (float) (Math.PI * 0x1p-33);

  private final long[] c0 = new long[BLOCKS];
  private final long[] c1 = new long[BLOCKS];
  private final long[] c2 = new long[BLOCKS];
  private final long[] c3 = new long[BLOCKS];
  private final int[] forRadius = new int[PAIRS];
  private final int[] forAngle = new int[PAIRS];
  private final float[] radius = new float[PAIRS];
  private final float[] exponent = new float[PAIRS];
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
    philox(random, batch * BLOCKS);
    narrow(c0, forRadius, 0);
    narrow(c1, forRadius, BLOCKS);
    narrow(c2, forAngle, 0);
    narrow(c3, forAngle, BLOCKS);
    splitRadius();
    squareRadius();
    root();
    sineOfQuarter();
    cosineOfQuarter();
    boxMuller();
  }

  /** {@link CounterRandom#philox} of neighbouring counters, word by word. */
  private void philox(CounterRandom random, long from) {
    for (int i = 0; i < BLOCKS; i++) {
      c0[i] = (from + i) & WORD;
      c1[i] = (from + i) >>> 32;
      c2[i] = random.counterHigh() & WORD;
      c3[i] = random.counterHigh() >>> 32;
    }
    long k0 = random.key() & WORD;
    long k1 = random.key() >>> 32;
    for (int round = 0; round < CounterRandom.ROUNDS; round++) {
      round(c0, c1, c2, c3, k0, k1);
      k0 = (k0 + CounterRandom.WEYL_0) & WORD;
      k1 = (k1 + CounterRandom.WEYL_1) & WORD;
    }
  }

  private static void round(long[] c0, long[] c1, long[] c2, long[] c3, long k0, long k1) {
    for (int i = 0; i < BLOCKS; i++) {
      long product0 = CounterRandom.MULTIPLIER_0 * (c0[i] & WORD);
      long product1 = CounterRandom.MULTIPLIER_1 * (c2[i] & WORD);
      c0[i] = (product1 >>> 32) ^ c1[i] ^ k0;
      c1[i] = product1 & WORD;
      c2[i] = (product0 >>> 32) ^ c3[i] ^ k1;
      c3[i] = product0 & WORD;
    }
  }

  private static void narrow(long[] words, int[] to, int at) {
    for (int i = 0; i < BLOCKS; i++) {
      to[at + i] = (int) words[i];
    }
  }

  /** Uniform u = (1 - y) / 2^z with y in (0, 1/2]: y, and z log 2. */
  private void splitRadius() {
    for (int i = 0; i < PAIRS; i++) {
      int bits = forRadius[i] | 1;
      int zeros = Integer.numberOfLeadingZeros(bits);
      radius[i] = 1 - ((bits << zeros) >>> 8) * 0x1p-24f;
      exponent[i] = zeros * LOG_2;
    }
  }

  /** -2 log u, where -log (1 - y) = 2 artanh (y / (2 - y)). */
  private void squareRadius() {
    for (int i = 0; i < PAIRS; i++) {
      float w = radius[i] / (2 - radius[i]);
      float s = w * w;
      float series = 1 + s * (1 / 3f + s * (1 / 5f + s * (1 / 7f + s * (1 / 9f + s / 11f))));
      radius[i] = 4 * w * series + 2 * exponent[i];
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
