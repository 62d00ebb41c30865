package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.NormalDraws;

/** Normal noise, drawn by the index of the element. For use by one thread. */
final class Noise {

  private final NormalDraws draws = new NormalDraws();
  private final float[] batch = new float[NormalDraws.BATCH];
  private final float[] sums = new float[NormalDraws.BATCH];

  /**
   * Adds draws from a normal distribution around zero to every entry. Entries get noise before they
   * are rounded to their type: noise of 0.001 that is rounded first is lost.
   *
   * @param values overwritten
   * @param from index of the first in its tensor, a multiple of {@link NormalDraws#BATCH}
   */
  void add(float[] values, long from, double deviation, CounterRandom random) {
    float factor = (float) deviation;
    for (int done = 0; done < values.length; done += NormalDraws.BATCH) {
      int count = Math.min(NormalDraws.BATCH, values.length - done);
      draws.draw(random, from + done, batch, count);
      System.arraycopy(values, done, sums, 0, count);
      addTimes(factor, count);
      System.arraycopy(sums, 0, values, done, count);
    }
  }

  /** Of arrays that are seen not to overlap, or it would not become vector instructions. */
  private void addTimes(float factor, int count) {
    for (int i = 0; i < count; i++) {
      sums[i] += factor * batch[i];
    }
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
    add(added, from, deviation, CounterRandom.of(seed, key));
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
