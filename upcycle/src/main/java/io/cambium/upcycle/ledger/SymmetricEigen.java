package io.cambium.upcycle.ledger;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_MT_DDRM;
import org.ejml.interfaces.decomposition.TridiagonalSimilarDecomposition_F64;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix on all cores: EJML's tridiagonal form, then
 * the implicit QL algorithm (EISPACK's tql2; Bowdler, Martin, Reinsch and Wilkinson, "The QR and QL
 * algorithms for symmetric matrices", 1968). EJML's own goes through all eigenvectors for each of
 * its sweeps, on one core. Here rotations are collected over many sweeps and applied to a few
 * columns at a time, which then stay in the cache; each column goes its own way, so that bytes do
 * not depend on the number of threads.
 */
final class SymmetricEigen {

  /** Columns that are rotated together: with 2,048 rows, 1 MB. */
  private static final int COLUMNS = 64;

  /** Rotations that are collected, as a multiple of the rows. */
  private static final int SWEEPS = 32;

  private static final int MAX_SWEEPS_PER_VALUE = 100;

  /**
   * What is found.
   *
   * @param values ascending
   * @param vectors a unit vector for each
   */
  record Result(double[] values, List<double[]> vectors) {}

  private final int size;
  private final double[] diagonal;
  private final double[] beside;
  private final double[][] vectors;
  private final int[] rows;
  private final double[] cosines;
  private final double[] sines;
  private int collected;

  private SymmetricEigen(double[] diagonal, double[] beside, double[][] vectors) {
    this.size = diagonal.length;
    this.diagonal = diagonal;
    this.beside = beside;
    this.vectors = vectors;
    this.rows = new int[(SWEEPS + 1) * size];
    this.cosines = new double[rows.length];
    this.sines = new double[rows.length];
  }

  /**
   * Decomposes.
   *
   * @param matrix symmetric; overwritten
   * @throws ArithmeticException if it holds something that is not finite
   */
  static Result of(DMatrixRMaj matrix) {
    int size = matrix.numRows;
    if (!Arrays.stream(matrix.data).allMatch(Double::isFinite)) {
      throw new ArithmeticException("no eigenvectors of a matrix that is not finite");
    }
    if (size == 1) {
      return new Result(new double[] {matrix.get(0, 0)}, List.of(new double[] {1}));
    }
    TridiagonalSimilarDecomposition_F64<DMatrixRMaj> tridiagonal =
        DecompositionFactory_MT_DDRM.tridiagonal(size);
    if (!tridiagonal.decompose(matrix)) {
      throw new ArithmeticException("no tridiagonal form of a matrix of " + size + " rows");
    }
    double[] diagonal = new double[size];
    double[] beside = new double[size];
    tridiagonal.getDiagonal(diagonal, beside);
    DMatrixRMaj rows = tridiagonal.getQ(null, true);
    double[][] vectors = new double[size][];
    Arrays.setAll(vectors, i -> Arrays.copyOfRange(rows.data, i * size, (i + 1) * size));
    return new SymmetricEigen(diagonal, beside, vectors).solve();
  }

  private Result solve() {
    beside[size - 1] = 0;
    double shifted = 0;
    double scale = 0;
    for (int l = 0; l < size; l++) {
      scale = Math.max(scale, Math.abs(diagonal[l]) + Math.abs(beside[l]));
      double negligible = Math.ulp(1.0) * scale;
      int m = l;
      while (Math.abs(beside[m]) > negligible) {
        m++;
      }
      for (int sweep = 0; m > l && Math.abs(beside[l]) > negligible; sweep++) {
        if (sweep == MAX_SWEEPS_PER_VALUE) {
          throw new ArithmeticException("an eigenvalue that is not found");
        }
        shifted += shift(l);
        sweep(l, m);
      }
      diagonal[l] += shifted;
      beside[l] = 0;
    }
    rotate();
    return ascending();
  }

  /** Brings the eigenvalue that is looked for close to zero; what is taken from all others. */
  private double shift(int l) {
    double before = diagonal[l];
    double half = (diagonal[l + 1] - before) / (2 * beside[l]);
    double root = half < 0 ? -Math.hypot(half, 1) : Math.hypot(half, 1);
    diagonal[l] = beside[l] / (half + root);
    diagonal[l + 1] = beside[l] * (half + root);
    double shift = before - diagonal[l];
    for (int i = l + 2; i < size; i++) {
      diagonal[i] -= shift;
    }
    return shift;
  }

  /** One implicit QL sweep from row m up to row l. */
  private void sweep(int l, int m) {
    double second = diagonal[l + 1];
    double besideSecond = beside[l + 1];
    double p = diagonal[m];
    double cosine = 1;
    double cosineBefore = 1;
    double cosineBefore2 = 1;
    double sine = 0;
    double sineBefore = 0;
    for (int i = m - 1; i >= l; i--) {
      cosineBefore2 = cosineBefore;
      cosineBefore = cosine;
      sineBefore = sine;
      double g = cosine * beside[i];
      double h = cosine * p;
      double radius = Math.hypot(p, beside[i]);
      beside[i + 1] = sine * radius;
      sine = beside[i] / radius;
      cosine = p / radius;
      p = cosine * diagonal[i] - sine * g;
      diagonal[i + 1] = h + sine * (cosine * g + sine * diagonal[i]);
      collect(i, cosine, sine);
    }
    p = -sine * sineBefore * cosineBefore2 * besideSecond * beside[l] / second;
    beside[l] = sine * p;
    diagonal[l] = cosine * p;
    if (collected > SWEEPS * size) {
      rotate();
    }
  }

  private void collect(int row, double cosine, double sine) {
    rows[collected] = row;
    cosines[collected] = cosine;
    sines[collected++] = sine;
  }

  /** Applies what was collected to the eigenvectors, some columns on each core. */
  private void rotate() {
    IntStream.range(0, Math.ceilDiv(size, COLUMNS))
        .parallel()
        .forEach(block -> rotate(block * COLUMNS, Math.min(size, (block + 1) * COLUMNS)));
    collected = 0;
  }

  private void rotate(int from, int to) {
    for (int n = 0; n < collected; n++) {
      double cosine = cosines[n];
      double sine = sines[n];
      double[] upper = vectors[rows[n]];
      double[] lower = vectors[rows[n] + 1];
      for (int k = from; k < to; k++) {
        double below = lower[k];
        lower[k] = sine * upper[k] + cosine * below;
        upper[k] = cosine * upper[k] - sine * below;
      }
    }
  }

  private Result ascending() {
    List<Integer> order =
        IntStream.range(0, size)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> diagonal[i]))
            .toList();
    return new Result(
        order.stream().mapToDouble(i -> diagonal[i]).toArray(),
        order.stream().map(i -> vectors[i]).toList());
  }
}
