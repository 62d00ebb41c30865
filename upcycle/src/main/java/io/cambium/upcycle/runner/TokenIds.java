package io.cambium.upcycle.runner;

/**
 * A batch of token sequences of equal length.
 *
 * @param batch_B number of sequences
 * @param sequence_S tokens in each
 * @param ids row-major [B, S]
 */
public record TokenIds(int batch_B, int sequence_S, long[] ids) {

  public TokenIds {
    if (batch_B < 1 || sequence_S < 1 || ids.length != Math.multiplyExact(batch_B, sequence_S)) {
      throw new IllegalArgumentException(
          ids.length + " ids are no [" + batch_B + ", " + sequence_S + "]");
    }
  }
}
