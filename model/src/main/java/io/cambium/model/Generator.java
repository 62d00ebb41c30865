package io.cambium.model;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import org.bytedeco.pytorch.Tensor;

/** Continues a sequence token by token. */
public final class Generator {

  private final Decoder decoder;
  private final double temperature;
  private final SplittableRandom random;

  /**
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
   * @param maxPositions the model's longest sequence; earlier tokens fall out of the window beyond
   *     it
   * @param consumer takes each token, and says whether to go on
   */
  public void generate(int[] prompt, int maxTokens, int maxPositions, IntPredicate consumer) {
    int[] ids = prompt;
    for (int i = 0; i < maxTokens; i++) {
      int[] window = Arrays.copyOfRange(ids, Math.max(0, ids.length - maxPositions), ids.length);
      int next = choose(nextLogits(window));
      if (!consumer.test(next)) {
        return;
      }
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = next;
    }
  }

  /**
   * Logits after the last token: the first worker runs the sequence, the others help with the
   * experts.
   */
  private float[] nextLogits(int[] window) {
    long[] ids = Arrays.stream(window).asLongStream().toArray();
    float[][] last = new float[1][];
    decoder
        .team()
        .run(member -> {
          boolean first = member.index() == 0;
          Tensor logits_TV =
              decoder.logits(
                  member,
                  first
                      ? Torch.tensor(ids, 1, ids.length)
                      : Torch.tensor(new long[0], 0, ids.length));
          if (first) {
            last[0] = Torch.floats(logits_TV.narrow(0, ids.length - 1, 1));
          }
        });
    return last[0];
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
