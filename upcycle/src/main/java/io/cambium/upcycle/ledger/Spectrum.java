package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.CounterRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRBlock;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.block.MatrixOps_DDRB;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The singular vectors of a matrix that belong to the weaker singular values, on the smaller of its
 * sides. They are the eigenvectors of that side's Gram matrix [n, n]: its eigenvalues are the
 * squared singular values, in fp64, where the square of an fp32 number still fits.
 *
 * <p>Cost for a matrix [n, m], n the smaller: n²m for the Gram matrix and about 10 n³ for the
 * eigenvectors, once for all copies; then 2nmk for each copy, k the number of vectors turned.
 *
 * @param weaker unit vectors [n], the weakest first
 */
record Spectrum(List<double[]> weaker) {

  /**
   * Decomposes.
   *
   * @param matrix two-dimensional
   * @param share of the sum of squared singular values that the strongest of them must have; they
   *     are as few as that takes, and the others are the weaker ones
   */
  static Spectrum of(Values matrix, double share) {
    DMatrixRBlock wide_nm = wide(matrix);
    int n = wide_nm.numRows;
    DMatrixRBlock gram_nn = new DMatrixRBlock(n, n, wide_nm.blockLength);
    MatrixOps_DDRB.multTransB(wide_nm, wide_nm, gram_nn);
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
    if (!eigen.decompose(MatrixOps_DDRB.convert(gram_nn, new DMatrixRMaj(n, n)))) {
      throw new ArithmeticException("no singular values of a matrix " + matrix.shape());
    }
    List<Integer> weakestFirst =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> eigen.getEigenvalue(i).real))
            .toList();
    double[] squares =
        weakestFirst.stream().mapToDouble(i -> eigen.getEigenvalue(i).real).toArray();
    return new Spectrum(
        weakestFirst.subList(0, weaker(squares, share)).stream()
            .map(i -> eigen.getEigenVector(i).data)
            .toList());
  }

  /** How many of the first can go so that the others still have their share of the sum. */
  private static int weaker(double[] ascending, double share) {
    double all = Arrays.stream(ascending).sum();
    double left = all;
    int count = 0;
    while (count < ascending.length && left - ascending[count] >= share * all) {
      left -= ascending[count++];
    }
    return count;
  }

  /**
   * Turns the sign of weaker components, each with probability one half: W - 2 sum u u' W over the
   * chosen singular vectors u. All singular values stay, and of the strong components their vectors
   * too.
   *
   * @param matrix the one that was decomposed
   */
  Values withRandomSigns(Values matrix, CounterRandom random) {
    List<double[]> turned =
        IntStream.range(0, weaker.size())
            .filter(i -> random.uniform(i) < 0.5)
            .mapToObj(weaker::get)
            .toList();
    if (turned.isEmpty()) {
      return matrix;
    }
    DMatrixRBlock wide_nm = wide(matrix);
    int size_n = wide_nm.numRows;
    int size_m = wide_nm.numCols;
    int block = wide_nm.blockLength;
    DMatrixRBlock vectors_kn =
        MatrixOps_DDRB.convert(new DMatrixRMaj(turned.toArray(double[][]::new)), block);
    DMatrixRBlock components_km = new DMatrixRBlock(turned.size(), size_m, block);
    MatrixOps_DDRB.mult(vectors_kn, wide_nm, components_km);
    DMatrixRBlock part_nm = new DMatrixRBlock(size_n, size_m, block);
    MatrixOps_DDRB.multTransA(vectors_kn, components_km, part_nm);
    return minusTwice(matrix, MatrixOps_DDRB.convert(part_nm, new DMatrixRMaj(size_n, size_m)));
  }

  private static Values minusTwice(Values matrix, DMatrixRMaj part_nm) {
    int columns = matrix.rowLength();
    float[] data = matrix.data();
    for (int i = 0; i < data.length; i++) {
      int row = i / columns;
      int column = i % columns;
      double part =
          isWide(matrix) ? part_nm.unsafe_get(row, column) : part_nm.unsafe_get(column, row);
      data[i] = (float) (data[i] - 2 * part);
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
