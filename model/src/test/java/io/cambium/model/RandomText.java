package io.cambium.model;

import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/** Sequences of one length, of random tokens. */
final class RandomText {

  private final int sequences;
  private final int length;
  private final long[] ids;

  RandomText(long seed, int sequences, int length, int vocabulary) {
    this.sequences = sequences;
    this.length = length;
    this.ids = new SplittableRandom(seed).longs(sequences * (length + 1L), 0, vocabulary).toArray();
  }

  int sequences() {
    return sequences;
  }

  /** Tokens of all sequences. */
  long tokens() {
    return (long) sequences * length;
  }

  /** Some of the sequences without their last tokens, [B, S]. */
  Tensor inputs(int from, int to) {
    return window(from, to, 0);
  }

  /** The token after each input, [B, S]. */
  Tensor targets(int from, int to) {
    return window(from, to, 1);
  }

  private Tensor window(int from, int to, int shift) {
    long[] window = new long[(to - from) * length];
    for (int s = from; s < to; s++) {
      System.arraycopy(ids, s * (length + 1) + shift, window, (s - from) * length, length);
    }
    return Torch.tensor(window, to - from, length);
  }
}
