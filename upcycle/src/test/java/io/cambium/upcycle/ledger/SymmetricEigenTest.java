package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CounterRandom;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Eigenvectors against their definition, and eigenvalues against EJML's. */
class SymmetricEigenTest {

  @ParameterizedTest
  @CsvSource({"1,1", "2,1", "2,5", "3,3", "7,2", "64,64", "65,200", "130,131", "151,40"})
  void decomposes(int size, int inner) {
    DMatrixRMaj matrix = gram(size, inner);
    SymmetricEigen.Result eigen = SymmetricEigen.of(matrix.copy());
    double largest = eigen.values()[size - 1];
    assertThat(eigen.values()).isSorted();
    assertThat(eigen.values()).containsExactly(expected(matrix), within(1e-12 * largest));
    DMatrixRMaj rows = new DMatrixRMaj(eigen.vectors().toArray(double[][]::new));
    DMatrixRMaj products = new DMatrixRMaj(size, size);
    CommonOps_DDRM.multTransB(rows, rows, products);
    assertThat(products.data).containsExactly(CommonOps_DDRM.identity(size).data, within(1e-12));
    DMatrixRMaj images = new DMatrixRMaj(size, size);
    CommonOps_DDRM.mult(rows, matrix, images);
    for (int i = 0; i < size; i++) {
      CommonOps_DDRM.scaleRow(eigen.values()[i], rows, i);
    }
    assertThat(images.data).containsExactly(rows.data, within(1e-12 * largest));
  }

  private static double[] expected(DMatrixRMaj matrix) {
    EigenDecomposition_F64<DMatrixRMaj> eigen =
        DecompositionFactory_DDRM.eig(matrix.numRows, false, true);
    assertThat(eigen.decompose(matrix.copy())).isTrue();
    double[] values = new double[matrix.numRows];
    Arrays.setAll(values, i -> eigen.getEigenvalue(i).real);
    Arrays.sort(values);
    return values;
  }

  @Test
  void doesNotDependOnTheNumberOfThreads() throws Exception {
    DMatrixRMaj matrix = gram(203, 300);
    SymmetricEigen.Result first = SymmetricEigen.of(matrix.copy());
    try (ForkJoinPool one = new ForkJoinPool(1)) {
      SymmetricEigen.Result second = one.submit(() -> SymmetricEigen.of(matrix.copy())).get();
      assertThat(second).usingRecursiveComparison().isEqualTo(first);
    }
  }

  @Test
  void knowsMatricesWithoutAnythingToDo() {
    assertThat(SymmetricEigen.of(new DMatrixRMaj(5, 5)).values()).containsOnly(0);
    assertThat(SymmetricEigen.of(CommonOps_DDRM.identity(6)).values()).containsOnly(1);
    DMatrixRMaj broken = gram(4, 4);
    broken.set(2, 2, Double.NaN);
    assertThatThrownBy(() -> SymmetricEigen.of(broken)).hasMessageContaining("not finite");
  }

  private static DMatrixRMaj gram(int size, int inner) {
    CounterRandom random = CounterRandom.of(1, "matrix");
    DMatrixRMaj matrix = new DMatrixRMaj(size, inner);
    Arrays.setAll(matrix.data, random::gaussian);
    DMatrixRMaj gram = new DMatrixRMaj(size, size);
    CommonOps_DDRM.multTransB(matrix, matrix, gram);
    return gram;
  }
}
