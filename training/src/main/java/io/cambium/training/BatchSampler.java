package io.cambium.training;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenShard;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The order of the training data: sequences take turns over the domains, as often as their weights
 * say, and each domain is read in windows, shuffled anew each time it has been read through. Which
 * sequence comes n-th depends on the seed and on n alone, so a run resumes from a number.
 */
public final class BatchSampler {

  private final List<Corpus.Domain> domains;
  private final int length;
  private final long seed;
  private final DomainOrder order;
  private final Shuffle[] shuffles;

  /** The order of one domain's windows in one epoch. */
  private record Shuffle(long epoch, int[] windows) {}

  /** All domains alike. */
  public BatchSampler(Corpus corpus, int length, long seed) {
    this(corpus, length, seed, Map.of());
  }

  /**
   * @param length tokens per sequence
   * @param mix weights of domains by name; empty for all alike
   * @throws CheckpointException if a domain has too little text for one sequence
   */
  public BatchSampler(Corpus corpus, int length, long seed, Map<String, Double> mix) {
    this.domains = corpus.domains();
    this.length = length;
    this.seed = seed;
    this.order = DomainOrder.of(domains.stream().map(Corpus.Domain::name).toList(), mix);
    this.shuffles = new Shuffle[domains.size()];
    for (int d = 0; d < domains.size(); d++) {
      if (order.has(d)) {
        requireWindow(domains.get(d).train(), length);
      }
      requireWindow(domains.get(d).validation(), length);
    }
  }

  static void requireWindow(TokenShard shard, int length) {
    if (shard.size() <= length) {
      throw new CheckpointException(
          shard.path(),
          "holds " + shard.size() + " tokens, too few for a sequence of " + length,
          "lower batch.length, or give the domain more text");
    }
  }

  /**
   * Copies a sequence and the token after it.
   *
   * @param number of the sequence since the beginning of training, from 0
   * @param into {@code length + 1} tokens from {@code at} on
   */
  public synchronized void copy(long number, long[] into, int at) {
    int domain = order.domain(number);
    long turn = order.turn(number);
    TokenShard shard = domains.get(domain).train();
    int windows = windows(shard);
    int window = shuffle(domain, turn / windows, windows)[(int) (turn % windows)];
    shard.copy((long) window * length, into, at, length + 1);
  }

  /**
   * Windows of a shard; neighbours share one token, which is the target of one and the first input
   * of the next.
   */
  private int windows(TokenShard shard) {
    return Math.toIntExact((shard.size() - 1) / length);
  }

  private int[] shuffle(int domain, long epoch, int windows) {
    Shuffle known = shuffles[domain];
    if (known == null || known.epoch() != epoch) {
      known = new Shuffle(epoch, shuffled(windows, new SplittableRandom(mix(domain, epoch))));
      shuffles[domain] = known;
    }
    return known.windows();
  }

  private long mix(int domain, long epoch) {
    return ((seed * 0x9E3779B97F4A7C15L + epoch) * 0xBF58476D1CE4E5B9L + domain)
        * 0x94D049BB133111EBL;
  }

  private static int[] shuffled(int windows, SplittableRandom random) {
    int[] order = new int[windows];
    for (int i = 0; i < windows; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
