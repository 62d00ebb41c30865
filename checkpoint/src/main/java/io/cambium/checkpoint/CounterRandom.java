package io.cambium.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Random numbers by index: the n-th number of a stream is a function of seed, stream name and n
 * alone, so that bytes depend neither on order nor on threads. All methods read the same bits; a
 * second purpose needs a second stream name.
 *
 * <p>Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed
 * by a hash of seed and name; {@link StrictMath}, so that every platform agrees.
 */
public final class CounterRandom {

  private static final long WORD = 0xFFFFFFFFL;
  static final long MULTIPLIER_0 = 0xD2511F53L;
  static final long MULTIPLIER_1 = 0xCD9E8D57L;
  static final int WEYL_0 = 0x9E3779B9;
  static final int WEYL_1 = 0xBB67AE85;
  static final int ROUNDS = 10;

  private final long key;
  private final long counterHigh;

  private CounterRandom(long key, long counterHigh) {
    this.key = key;
    this.counterHigh = counterHigh;
  }

  /**
   * A stream of its own for each seed and name.
   *
   * @param stream what the numbers are for, such as a tensor's name
   */
  public static CounterRandom of(long seed, String stream) {
    byte[] name = stream.getBytes(StandardCharsets.UTF_8);
    byte[] identity = ByteBuffer.allocate(Long.BYTES + name.length).putLong(seed).put(name).array();
    ByteBuffer hash = ByteBuffer.wrap(Checksums.sha256(identity));
    return new CounterRandom(hash.getLong(), hash.getLong());
  }

  /** 64 uniform bits. */
  public long bits(long index) {
    Block block = block(index);
    return (index & 1) == 0 ? block.even : block.odd;
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  public double uniform(long index) {
    return (bits(index) >>> 11) * 0x1p-53;
  }

  /** Normal with mean 0 and standard deviation 1 (Box-Muller; indices 2n and 2n+1 are one pair). */
  public double gaussian(long index) {
    Block block = block(index);
    double aboveZero = ((block.even >>> 11) + 1) * 0x1p-53;
    double radius = StrictMath.sqrt(-2 * StrictMath.log(aboveZero));
    double angle = 2 * Math.PI * ((block.odd >>> 11) * 0x1p-53);
    return radius * ((index & 1) == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
  }

  /** Of Philox: chosen by the seed and the stream. */
  long key() {
    return key;
  }

  /** The upper half of the counter: chosen by the seed and the stream. */
  long counterHigh() {
    return counterHigh;
  }

  private Block block(long index) {
    return philox(index >>> 1, counterHigh, key);
  }

  /** 128 bits, as the number at an even index and the one after it. */
  record Block(long even, long odd) {}

  /** The published function; longs hold the low word first. */
  static Block philox(long counterLow, long counterHigh, long key) {
    int c0 = (int) counterLow;
    int c1 = (int) (counterLow >>> 32);
    int c2 = (int) counterHigh;
    int c3 = (int) (counterHigh >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (c0 & WORD);
      long product1 = MULTIPLIER_1 * (c2 & WORD);
      c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      c1 = (int) product1;
      c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return new Block((c0 & WORD) | ((long) c1 << 32), (c2 & WORD) | ((long) c3 << 32));
  }
}
