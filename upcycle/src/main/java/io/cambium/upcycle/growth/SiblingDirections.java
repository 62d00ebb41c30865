package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CounterRandom;
import java.util.List;

/**
 * Directions in which the router rows of r siblings part: they add up to zero and their norms
 * average one (docs/grow.md).
 */
final class SiblingDirections {

  private SiblingDirections() {}

  /** Random unit vectors, centred. */
  static double[][] antithetic(int siblings_r, int size_D, CounterRandom random) {
    double[][] directions_rD = new double[siblings_r][size_D];
    for (int j = 0; j < siblings_r; j++) {
      for (int k = 0; k < size_D; k++) {
        directions_rD[j][k] = random.gaussian((long) j * size_D + k);
      }
      divide(directions_rD[j], norm(directions_rD[j]));
    }
    return centredAndScaled(directions_rD);
  }

  /** Components that it takes to tell so many siblings apart: the binary digits of an index. */
  static int componentsFor(int siblings_r) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(siblings_r - 1);
  }

  /** Sums of components, signed by the binary digits of the sibling's index, centred. */
  static double[][] split(int siblings_r, List<double[]> components_qD) {
    int size_D = components_qD.getFirst().length;
    double[][] directions_rD = new double[siblings_r][size_D];
    for (int j = 0; j < siblings_r; j++) {
      for (int i = 0; i < components_qD.size(); i++) {
        double sign = (j >> i & 1) == 0 ? 1 : -1;
        for (int k = 0; k < size_D; k++) {
          directions_rD[j][k] += sign * components_qD.get(i)[k];
        }
      }
    }
    return centredAndScaled(directions_rD);
  }

  private static double[][] centredAndScaled(double[][] directions_rD) {
    int siblings_r = directions_rD.length;
    double norms = 0;
    for (int k = 0; k < directions_rD[0].length; k++) {
      double mean = 0;
      for (double[] direction : directions_rD) {
        mean += direction[k] / siblings_r;
      }
      for (double[] direction : directions_rD) {
        direction[k] -= mean;
      }
    }
    for (double[] direction : directions_rD) {
      norms += norm(direction);
    }
    for (double[] direction : directions_rD) {
      divide(direction, norms / siblings_r);
    }
    return directions_rD;
  }

  static double norm(double[] vector) {
    double squares = 0;
    for (double value : vector) {
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  private static void divide(double[] vector, double divisor) {
    if (!(divisor > 0)) {
      throw new ArithmeticException("siblings' directions vanish");
    }
    for (int k = 0; k < vector.length; k++) {
      vector[k] /= divisor;
    }
  }
}
