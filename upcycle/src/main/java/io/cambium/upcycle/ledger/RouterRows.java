package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** What becomes of a router's rows and selection bias. */
public final class RouterRows {

  private RouterRows() {}

  /**
   * Siblings' rows w + delta * |w| * d_j. The last sibling of a lineage is what the others leave of
   * as many times w: it takes up their rounding, so that the mean of the rows is w again.
   *
   * @param rows_ND the directions; overwritten by the result
   * @param dtype what the rows will be rounded to
   */
  public static float[] directed(
      float[] w_ED, float[] rows_ND, List<Integer> parents, double delta, DType dtype) {
    int size_D = rows_ND.length / parents.size();
    for (int parent = 0; parent < w_ED.length / size_D; parent++) {
      int original = parent;
      int[] siblings =
          IntStream.range(0, parents.size()).filter(n -> parents.get(n) == original).toArray();
      double step = delta * norm(w_ED, parent * size_D, size_D);
      for (int k = 0; k < size_D; k++) {
        directColumn(w_ED[parent * size_D + k], step, rows_ND, siblings, size_D, k, dtype);
      }
    }
    return rows_ND;
  }

  private static void directColumn(
      double w, double step, float[] rows_ND, int[] siblings, int size_D, int k, DType dtype) {
    double missing = siblings.length * w;
    for (int j = 0; j < siblings.length - 1; j++) {
      int at = siblings[j] * size_D + k;
      rows_ND[at] = Floats.round((float) (w + step * rows_ND[at]), dtype);
      missing -= rows_ND[at];
    }
    rows_ND[siblings[siblings.length - 1] * size_D + k] = (float) missing;
  }

  /** Adds normal noise to rows, {@code delta} times a row's norm on average. */
  static void addNoise(Values rows_ND, List<Integer> which, double delta, float[] normals_ND) {
    int size_D = rows_ND.rowLength();
    float[] values = rows_ND.data();
    for (int n : which) {
      double deviation = delta * norm(values, n * size_D, size_D) / Math.sqrt(size_D);
      for (int i = n * size_D; i < (n + 1) * size_D; i++) {
        values[i] = (float) (values[i] + deviation * normals_ND[i]);
      }
    }
  }

  /** Turns rows, each in a random direction orthogonal to it. */
  static void turn(Values rows_ND, List<Integer> which, double distance, float[] normals_ND) {
    int size_D = rows_ND.rowLength();
    which.forEach(
        n -> NeuronWeights.turn(rows_ND.data(), n * size_D, 1, size_D, distance, normals_ND));
  }

  private static double norm(float[] values, int from, int length) {
    double squares = 0;
    for (int i = from; i < from + length; i++) {
      squares += (double) values[i] * values[i];
    }
    return Math.sqrt(squares);
  }

  /** The selection bias, with noise and hold-back on the replicas' entries. */
  static float[] replicaBias(float[] bias_E, Formula.ReplicaBias formula, String tensor) {
    CounterRandom random = CounterRandom.of(formula.seed(), tensor);
    Set<Integer> replicas = new HashSet<>(Manifest.Growth.replicas(formula.parents()));
    float[] bias_N = new float[formula.parents().size()];
    for (int n = 0; n < bias_N.length; n++) {
      double value = formula.factor() * bias_E[formula.parents().get(n)];
      if (replicas.contains(n)) {
        value += formula.noise() * (2 * random.uniform(n) - 1) - formula.holdBack();
      }
      bias_N[n] = (float) value;
    }
    return bias_N;
  }

  /** Rows gathered from others, each times its factor. */
  static Values scaled(Values of, List<Integer> rows, IntToDoubleFunction factor) {
    int length = of.rowLength();
    float[] gathered = new float[Math.multiplyExact(rows.size(), length)];
    for (int n = 0; n < rows.size(); n++) {
      double times = factor.applyAsDouble(n);
      for (int k = 0; k < length; k++) {
        gathered[n * length + k] = (float) (of.data()[rows.get(n) * length + k] * times);
      }
    }
    return of.withRows(rows.size(), gathered);
  }
}
