package io.cambium.upcycle.ledger;

import java.util.function.IntToDoubleFunction;

/** What is done to the weights of each neuron of a matrix, or to a row of another, by itself. */
final class NeuronWeights {

  private NeuronWeights() {}

  /**
   * Turns each neuron's weights w by one angle: {@code cos(phi) w + sin(phi) |w| z}, z a random
   * unit vector orthogonal to w, {@code 2 sin(phi / 2) = distance}.
   *
   * @param matrix overwritten
   * @param axis the axis that counts neurons
   * @param normals standard normal numbers, one for each entry
   */
  static void turn(Values matrix, int axis, double distance, float[] normals) {
    int rows = Math.toIntExact(matrix.shape().getFirst());
    int columns = matrix.rowLength();
    for (int n = 0; n < (axis == 0 ? rows : columns); n++) {
      if (axis == 0) {
        turn(matrix.data(), n * columns, 1, columns, distance, normals);
      } else {
        turn(matrix.data(), n, columns, rows, distance, normals);
      }
    }
  }

  /** Turns one vector, whose entries lie {@code stride} apart from {@code from} on. */
  static void turn(
      float[] values, int from, int stride, int length, double distance, float[] normals) {
    double[] direction = new double[length];
    double squares = 0;
    double along = 0;
    for (int k = 0; k < length; k++) {
      double weight = values[from + k * stride];
      direction[k] = normals[from + k * stride];
      squares += weight * weight;
      along += weight * direction[k];
    }
    if (squares == 0) {
      return;
    }
    double left = 0;
    for (int k = 0; k < length; k++) {
      direction[k] -= along / squares * values[from + k * stride];
      left += direction[k] * direction[k];
    }
    double cosine = 1 - distance * distance / 2;
    double sine = distance * Math.sqrt(1 - distance * distance / 4);
    double scale = sine * Math.sqrt(squares / left);
    for (int k = 0; k < length; k++) {
      int at = from + k * stride;
      values[at] = (float) (cosine * values[at] + scale * direction[k]);
    }
  }

  /**
   * Multiplies each neuron's weights.
   *
   * @param matrix overwritten
   * @param axis the axis that counts neurons
   */
  static void scale(Values matrix, int axis, IntToDoubleFunction factor) {
    int columns = matrix.rowLength();
    float[] values = matrix.data();
    for (int i = 0; i < values.length; i++) {
      int neuron = axis == 0 ? i / columns : i % columns;
      values[i] = (float) (values[i] * factor.applyAsDouble(neuron));
    }
  }
}
