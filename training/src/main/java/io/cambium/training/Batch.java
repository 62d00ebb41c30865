package io.cambium.training;

/** Sequences as the model reads them: inputs, and for each the token that follows it. */
final class Batch {

  /** Copies a sequence and the token after it. */
  interface Source {
    /** Writes {@code length + 1} tokens into {@code into}, from {@code at} on. */
    void copy(long[] into, int at);
  }

  private final int length;
  private final long[] window;
  private final long[] inputs;
  private final long[] targets;

  Batch(int sequences, int length) {
    this.length = length;
    this.window = new long[length + 1];
    this.inputs = new long[sequences * length];
    this.targets = new long[sequences * length];
  }

  void fill(int sequence, Source source) {
    source.copy(window, 0);
    System.arraycopy(window, 0, inputs, sequence * length, length);
    System.arraycopy(window, 1, targets, sequence * length, length);
  }

  long[] inputs() {
    return inputs;
  }

  long[] targets() {
    return targets;
  }
}
