package io.cambium.upcycle.ledger;

/** Drop-Upcycling of one projection (arXiv 2502.19261, section 3.2). */
final class RedrawnNeurons {

  private RedrawnNeurons() {}

  /**
   * Overwrites some neurons' entries with draws from the normal distribution that has the mean and
   * the (population) standard deviation of those entries.
   *
   * @param values a projection, row-major; overwritten
   * @param axis the axis that counts neurons
   * @param normals standard normal numbers, one for each entry
   */
  static float[] redraw(float[] values, Neurons neurons, int axis, float[] normals) {
    int[] at = entries(values.length, neurons, axis);
    double mean = 0;
    for (int i : at) {
      mean += values[i];
    }
    mean /= at.length;
    double squares = 0;
    for (int i : at) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    double deviation = Math.sqrt(squares / at.length);
    for (int i : at) {
      values[i] = (float) (mean + deviation * normals[i]);
    }
    return values;
  }

  /** Zeroes the same entries. */
  static float[] clear(float[] values, Neurons neurons, int axis) {
    for (int i : entries(values.length, neurons, axis)) {
      values[i] = 0;
    }
    return values;
  }

  /** Flat indices of the neurons' entries. */
  private static int[] entries(int length, Neurons neurons, int axis) {
    int others = length / neurons.width();
    int[] chosen = neurons.indices();
    int[] entries = new int[Math.multiplyExact(chosen.length, others)];
    for (int i = 0; i < entries.length; i++) {
      int neuron = chosen[i / others];
      int other = i % others;
      entries[i] = axis == 0 ? neuron * others + other : other * neurons.width() + neuron;
    }
    return entries;
  }
}
