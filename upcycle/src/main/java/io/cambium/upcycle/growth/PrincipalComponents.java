package io.cambium.upcycle.growth;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/** Leading eigenvectors of a covariance. */
final class PrincipalComponents {

  private PrincipalComponents() {}

  /**
   * The leading unit eigenvectors, largest variance first, each with its largest entry positive.
   *
   * @param covariance_DD symmetric, row-major [D, D]
   * @param rounding what is not above it is no variance
   * @return {@code count} vectors [D], or nothing if fewer directions have any variance
   */
  static Optional<List<double[]>> leading(
      double[] covariance_DD, int size_D, int count, double rounding) {
    if (count > size_D) {
      return Optional.empty();
    }
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(size_D, true, true);
    // A copy: EJML works in place.
    if (!eigen.decompose(new DMatrixRMaj(size_D, size_D, true, covariance_DD.clone()))) {
      throw new ArithmeticException(
          "no eigenvectors of a " + size_D + " x " + size_D + " covariance");
    }
    List<Integer> order =
        IntStream.range(0, size_D)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> eigen.getEigenvalue(i).real).reversed())
            .toList();
    if (!(eigen.getEigenvalue(order.get(count - 1)).real > rounding)) {
      return Optional.empty();
    }
    List<double[]> components = new ArrayList<>();
    for (int i : order.subList(0, count)) {
      components.add(withFixedSign(eigen.getEigenVector(i).data.clone()));
    }
    return Optional.of(components);
  }

  /** An eigenvector's sign is arbitrary; bytes must not be. */
  private static double[] withFixedSign(double[] vector) {
    double largest = 0;
    for (double value : vector) {
      if (Math.abs(value) > Math.abs(largest)) {
        largest = value;
      }
    }
    if (largest < 0) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] = -vector[i];
      }
    }
    return vector;
  }
}
