package io.cambium.model;

import java.util.Arrays;
import java.util.function.IntPredicate;

/** Continues a sequence token by token. */
public final class Generator {

  private final Decoder decoder;
  private final Sampler sampler;

  /**
   * @param decoder on a team of one
   * @param sampler chooses each token
   */
  public Generator(Decoder decoder, Sampler sampler) {
    this.decoder = decoder;
    this.sampler = sampler;
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
    int from = Math.max(0, length - maxPositions);
    int seen = from;
    KeyValueCache cache = newCache();
    for (int i = 0; i < maxTokens; i++) {
      boolean full = length - from > maxPositions;
      if (full) {
        from = length - Math.max(1, maxPositions / 2);
      }
      if (full || !decoder.keysLast(cache.length(), length - from)) {
        seen = from;
        cache = newCache();
      }
      int next = sampler.choose(next(Arrays.copyOfRange(ids, seen, length), cache));
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
}
