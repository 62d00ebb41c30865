package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against libtorch in fp64. */
class MatrixProductTest {

  @BeforeAll
  static void start() {
    Torch.start();
    torch.manual_seed(3);
  }

  private static Tensor random(long... shape) {
    return torch.randn(shape);
  }

  private static void requireProduct(Tensor out, Tensor before, Tensor left, Tensor right) {
    Tensor exact = torch.mm(left.to(ScalarType.Double), right.to(ScalarType.Double));
    double error =
        exact
            .add(before.to(ScalarType.Double))
            .sub(out.to(ScalarType.Double))
            .abs()
            .max()
            .item()
            .toDouble();
    assertThat(error).isCloseTo(0, within(1e-6 * left.size(1)));
  }

  @Test
  void isByOneDnnWhereThatIsFast() {
    boolean ruledOut = "blas".equals(System.getProperty("io.cambium.products"));
    assertThat(OneDnn.isChosen()).isEqualTo(Loader.getPlatform().endsWith("x86_64") && !ruledOut);
    if (OneDnn.isChosen()) {
      assertThat(Torch.blas()).matches(".*, experts by oneDNN [0-9]+[.][0-9]+[.][0-9]+");
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "1, 7, 5", "7, 1, 5", "7, 5, 1", "2, 3, 2", "31, 64, 17", "130, 96, 257"})
  void ofEveryForm(long rows, long columns, long inner) {
    Tensor[] lefts = {random(rows, inner), random(inner, rows).t()};
    Tensor[] rights = {random(inner, columns), random(columns, inner).t()};
    for (Tensor left : lefts) {
      for (Tensor right : rights) {
        Tensor out = random(rows, columns);
        MatrixProduct.multiply(out, left, right, false);
        requireProduct(out, torch.zeros(rows, columns), left, right);
        Tensor before = random(rows, columns);
        out = before.clone();
        MatrixProduct.multiply(out, left, right, true);
        requireProduct(out, before, left, right);
      }
    }
  }

  @Test
  void partsOfLongerRowsAreLeftInTheirPlaces() {
    Tensor whole = torch.full(new long[] {5, 9}, Torch.scalar(2));
    Tensor left = random(5, 8).narrow(1, 2, 3);
    Tensor right = random(11, 3).narrow(0, 4, 4).t();
    MatrixProduct.multiply(whole.narrow(1, 3, 4), left, right, false);
    requireProduct(whole.narrow(1, 3, 4), torch.zeros(5, 4), left, right);
    assertThat(Torch.floats(whole.narrow(1, 0, 3))).containsOnly(2);
    assertThat(Torch.floats(whole.narrow(1, 7, 2))).containsOnly(2);
  }

  /** As gate and up are in gpt_oss, in a mapped file. */
  @Test
  void ofMatricesThatAreInterleavedWithOthers() {
    Tensor interleaved = random(4, 10);
    Tensor right = interleaved.slice(1, new LongOptional(0), new LongOptional(10), 2);
    Tensor left = random(3, 4);
    Tensor out = random(3, 5);
    MatrixProduct.multiply(out, left, right, false);
    requireProduct(out, torch.zeros(3, 5), left, right);
    Tensor turned = random(3, 5);
    Tensor narrow = random(3, 4);
    MatrixProduct.multiply(narrow, turned, right.t(), false);
    requireProduct(narrow, torch.zeros(3, 4), turned, right.t());
    Tensor apart = random(3, 10).slice(1, new LongOptional(0), new LongOptional(10), 2);
    Tensor plain = random(4, 5);
    MatrixProduct.multiply(apart, left, plain, false);
    requireProduct(apart, torch.zeros(3, 5), left, plain);
  }

  @Test
  void ofNothingIsZero() {
    Tensor out = random(3, 2);
    MatrixProduct.multiply(out, torch.zeros(3, 0), torch.zeros(0, 2), false);
    assertThat(Torch.floats(out)).containsOnly(0);
    MatrixProduct.multiply(torch.zeros(0, 2), torch.zeros(0, 3), random(3, 2), false);
  }
}
