package io.cambium.model;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;

/** Continues a sequence token by token. */
public final class Generator {

  private final Decoder decoder;
  private final double temperature;
  private final SplittableRandom random;

  /**
   * @param decoder on a team of one
   * @param temperature 0 takes the most probable token each time; 1 samples as the model says
   * @param seed of the sampling
   */
  public Generator(Decoder decoder, double temperature, long seed) {
    this.decoder = decoder;
    this.temperature = temperature;
    this.random = new SplittableRandom(seed);
  }

  /**
   * Generates until the consumer has enough.
   *
   * @param prompt at least one token
   * @param maxTokens tokens to generate at most
   * @param maxPositions the model's longest sequence; where it is reached, generation goes on from
   *     the later half of it
   * @param consumer takes each token, and says whether to go on
   */
  public void generate(int[] prompt, int maxTokens, int maxPositions, IntPredicate consumer) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + maxTokens);
    int length = prompt.length;
    int seen = Math.max(0, length - maxPositions);
    KeyValueCache cache = newCache();
    for (int i = 0; i < maxTokens; i++) {
      if (cache.length() + length - seen > maxPositions) {
        seen = length - Math.max(1, maxPositions / 2);
        cache = newCache();
      }
      int next = choose(next(Arrays.copyOfRange(ids, seen, length), cache));
      seen = length;
      if (!consumer.test(next)) {
        return;
      }
      ids[length++] = next;
    }
  }

  private KeyValueCache newCache() {
    return new KeyValueCache(decoder.spec().layers().size());
  }

  /** Logits after further tokens. */
  private float[] next(int[] tokens, KeyValueCache cache) {
    long[] ids = Arrays.stream(tokens).asLongStream().toArray();
    float[][] logits = new float[1][];
    decoder
        .team()
        .run(member -> logits[0] = decoder.next(member, Torch.tensor(ids, 1, ids.length), cache));
    return logits[0];
  }

  private int choose(float[] logits_V) {
    int best = 0;
    for (int v = 1; v < logits_V.length; v++) {
      best = logits_V[v] > logits_V[best] ? v : best;
    }
    return temperature == 0 ? best : sample(logits_V, logits_V[best]);
  }

  private int sample(float[] logits_V, float max) {
    double[] weights = new double[logits_V.length];
    double sum = 0;
    for (int v = 0; v < weights.length; v++) {
      weights[v] = Math.exp((logits_V[v] - max) / temperature);
      sum += weights[v];
    }
    double left = random.nextDouble() * sum;
    for (int v = 0; v < weights.length; v++) {
      left -= weights[v];
      if (left < 0) {
        return v;
      }
    }
    return weights.length - 1;
  }
}
