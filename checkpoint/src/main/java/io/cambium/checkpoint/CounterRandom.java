package io.cambium.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Random numbers by index: the n-th number of a stream is a function of seed, stream name and n
 * alone, so that bytes depend neither on order nor on threads. All methods read the same bits; a
 * second purpose needs a second stream name.
 *
 * <p>{@link Threefry}, keyed by a hash of seed and name; {@link StrictMath}, so that every platform
 * agrees.
 */
public final class CounterRandom {

  private final Threefry generator;

  private CounterRandom(Threefry generator) {
    this.generator = generator;
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
    return new CounterRandom(
        new Threefry(hash.getInt(), hash.getInt(), hash.getInt(), hash.getInt()));
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

  Threefry generator() {
    return generator;
  }

  private Block block(long index) {
    int[] words = generator.block(index >>> 1, 0);
    return new Block(pair(words[0], words[1]), pair(words[2], words[3]));
  }

  private static long pair(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << Integer.SIZE;
  }

  /** 128 bits, as the number at an even index and the one after it. */
  private record Block(long even, long odd) {}
}
