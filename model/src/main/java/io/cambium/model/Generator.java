package io.cambium.model;

import java.util.Arrays;
import java.util.function.IntPredicate;
import org.bytedeco.pytorch.Tensor;

/** Continues a sequence token by token. */
public final class Generator {

  private final Decoder decoder;
  private final Sampler sampler;

  /**
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
   * @param maxPositions the model's longest sequence; earlier tokens fall out of the window beyond
   *     it
   * @param consumer takes each token, and says whether to go on
   */
  public void generate(int[] prompt, int maxTokens, int maxPositions, IntPredicate consumer) {
    int[] ids = prompt;
    for (int i = 0; i < maxTokens; i++) {
      int[] window = Arrays.copyOfRange(ids, Math.max(0, ids.length - maxPositions), ids.length);
      int next = sampler.choose(nextLogits(window));
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
}
