package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRBlock;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.block.MatrixOps_DDRB;
import org.ejml.dense.block.MatrixOps_MT_DDRB;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * The singular values of a matrix and its singular vectors on the smaller of its sides. They are
 * the eigenvectors of that side's Gram matrix [n, n]: its eigenvalues are the squared singular
 * values, in fp64, where the square of an fp32 number still fits.
 *
 * <p>Cost for a matrix [n, m], n the smaller: n²m for the Gram matrix and about 10 n³ for the
 * eigenvectors, once for all copies; then 2nmk for each copy, k the number of vectors that are
 * changed.
 *
 * @param squares of the singular values, ascending [n]
 * @param vectors their unit vectors [n] of [n]
 */
record Spectrum(double[] squares, List<double[]> vectors) {

  /** Below this share of the largest, a singular value is rounding. */
  private static final double ROUNDING = 1e-7;

  /**
   * Decomposes.
   *
   * @param matrix two-dimensional
   */
  static Spectrum of(Values matrix) {
    DMatrixRBlock wide_nm = wide(matrix);
    int n = wide_nm.numRows;
    DMatrixRBlock gram_nn = new DMatrixRBlock(n, n, wide_nm.blockLength);
    MatrixOps_MT_DDRB.multTransB(wide_nm, wide_nm, gram_nn);
    SymmetricEigen.Result eigen =
        SymmetricEigen.of(MatrixOps_DDRB.convert(gram_nn, new DMatrixRMaj(n, n)));
    return new Spectrum(eigen.values(), eigen.vectors());
  }

  /**
   * How many of the weakest can go so that the others still have their share of the sum of squares.
   */
  int weaker(double share) {
    double all = Arrays.stream(squares).sum();
    double left = all;
    int count = 0;
    while (count < squares.length && left - squares[count] >= share * all) {
      left -= squares[count++];
    }
    return count;
  }

  /**
   * Turns the sign of weaker components, each with probability one half: W - 2 sum u u' W over the
   * chosen singular vectors u. All singular values stay, and of the strong components their vectors
   * too.
   *
   * @param matrix the one that was decomposed
   * @param share of the sum of squared singular values that the strongest of them must have; they
   *     are as few as that takes, and the others are the weaker ones
   */
  Values withRandomSigns(Values matrix, double share, CounterRandom random) {
    List<double[]> turned =
        IntStream.range(0, weaker(share))
            .filter(i -> random.uniform(i) < 0.5)
            .mapToObj(vectors::get)
            .toList();
    return plus(matrix, turned, _ -> -2);
  }

  /**
   * With singular values between its own and another matrix's, largest with largest.
   *
   * @param matrix the one that was decomposed
   * @param share of the other's
   */
  Values mixedWith(Spectrum other, Values matrix, double share) {
    double[] relative = new double[squares.length];
    double smallest = ROUNDING * Math.sqrt(squares[squares.length - 1]);
    for (int i = 0; i < squares.length; i++) {
      double own = Math.sqrt(Math.max(0, squares[i]));
      double others = Math.sqrt(Math.max(0, other.squares[i]));
      relative[i] = own > smallest ? share * (others - own) / own : 0;
    }
    return plus(matrix, vectors, i -> relative[i]);
  }

  /** W + sum f_i u_i u_i' W over singular vectors u_i. */
  private static Values plus(Values matrix, List<double[]> vectors, IntToDoubleFunction factor) {
    if (vectors.isEmpty()) {
      return matrix;
    }
    DMatrixRBlock wide_nm = wide(matrix);
    int size_n = wide_nm.numRows;
    int size_m = wide_nm.numCols;
    int block = wide_nm.blockLength;
    DMatrixRMaj vectors_kn = new DMatrixRMaj(vectors.toArray(double[][]::new));
    DMatrixRBlock components_km = new DMatrixRBlock(vectors.size(), size_m, block);
    MatrixOps_MT_DDRB.mult(MatrixOps_DDRB.convert(vectors_kn, block), wide_nm, components_km);
    for (int k = 0; k < vectors.size(); k++) {
      CommonOps_DDRM.scaleRow(factor.applyAsDouble(k), vectors_kn, k);
    }
    DMatrixRBlock part_nm = new DMatrixRBlock(size_n, size_m, block);
    MatrixOps_MT_DDRB.multTransA(MatrixOps_DDRB.convert(vectors_kn, block), components_km, part_nm);
    return plus(matrix, MatrixOps_DDRB.convert(part_nm, new DMatrixRMaj(size_n, size_m)));
  }

  private static Values plus(Values matrix, DMatrixRMaj part_nm) {
    int columns = matrix.rowLength();
    float[] data = matrix.data();
    for (int i = 0; i < data.length; i++) {
      int row = i / columns;
      int column = i % columns;
      double part =
          isWide(matrix) ? part_nm.unsafe_get(row, column) : part_nm.unsafe_get(column, row);
      data[i] = (float) (data[i] + part);
    }
    return matrix;
  }

  private static boolean isWide(Values matrix) {
    return matrix.shape().getFirst() <= matrix.rowLength();
  }

  /** The matrix, or its transpose if that has fewer rows, in blocks. */
  private static DMatrixRBlock wide(Values matrix) {
    int columns = matrix.rowLength();
    int rows = matrix.data().length / columns;
    boolean wide = isWide(matrix);
    DMatrixRMaj values_nm = new DMatrixRMaj(Math.min(rows, columns), Math.max(rows, columns));
    for (int i = 0; i < matrix.data().length; i++) {
      int row = i / columns;
      int column = i % columns;
      values_nm.unsafe_set(wide ? row : column, wide ? column : row, matrix.data()[i]);
    }
    return MatrixOps_DDRB.convert(values_nm);
  }
}
