package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.NormalDraws;
import java.lang.foreign.MemorySegment;

/** Normal noise, drawn by the index of the element. For use by one thread. */
final class Noise {

  private final NormalDraws draws = new NormalDraws();
  private final Bfloat16Words words = new Bfloat16Words(NormalDraws.PAIRS);

  /**
   * Adds draws from a normal distribution around zero to every entry. Entries get noise before they
   * are rounded to their type: noise of 0.001 that is rounded first is lost.
   *
   * @param from index of the first in its tensor, a multiple of {@link NormalDraws#BATCH}
   * @param results what the sums are put in; may be {@code values}
   */
  void add(float[] values, long from, double deviation, CounterRandom random, float[] results) {
    float factor = (float) deviation;
    draws.oneByOne(
        random, from, values.length, (at, normal) -> results[at] = values[at] + factor * normal);
  }

  /**
   * The same for entries in bf16, from and to memory, rounded to nearest even: a third of the time,
   * since a word of two entries becomes two arrays of floats, and they one of words again, without
   * a loop that the compiler does not make vector instructions of.
   *
   * @param values little-endian
   * @param results as long
   */
  void addInBfloat16(
      MemorySegment values,
      long from,
      double deviation,
      CounterRandom random,
      MemorySegment results) {
    int count = Math.toIntExact(values.byteSize() / Short.BYTES);
    draws.each(
        random,
        from,
        count,
        (evens, odds, at, wanted) -> {
          words.read(values, at, wanted);
          words.add((float) deviation, evens, odds);
          words.write(results, at, wanted);
        });
  }

  /**
   * Adds draws of the whole standard deviation to few entries.
   *
   * @param values overwritten
   * @param from index of the first in its tensor, a multiple of {@link NormalDraws#BATCH}
   * @param share the probability of each to be one of them
   * @param key of the draws
   */
  void addToFew(float[] values, long from, double share, double deviation, long seed, String key) {
    CounterRandom chosen = CounterRandom.of(seed, "code." + key);
    float[] added = new float[values.length];
    add(added, from, deviation, CounterRandom.of(seed, key), added);
    for (int i = 0; i < values.length; i++) {
      if (chosen.uniform(from + i) < share) {
        values[i] += added[i];
      }
    }
  }

  /** Standard normal numbers, as many as a tensor's elements. */
  float[] normals(int count, CounterRandom random) {
    float[] normals = new float[count];
    draws.draw(random, 0, normals, count);
    return normals;
  }
}
