package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CrewTest {

  private static final Scalar NAN = Torch.scalar(Double.NaN);

  @BeforeAll
  static void start() {
    Torch.start();
  }

  /** Weights below one block and above many, more threads than rows, one row of x and several. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1",
    "2, 1, 7, 1",
    "3, 1, 5, 2",
    "2, 1, 577, 331",
    "3, 1, 4001, 257",
    "2, 13, 1031, 640",
    "5, 2, 3, 1009",
    "2, 0, 31, 17"
  })
  void theBlocksAddUpToTheProduct(int threads, long rows, long outputs, long inputs) {
    try (PointerScope scope = new PointerScope();
        Crew crew = new Crew(threads)) {
      Tensor x_ND = torch.randn(rows, inputs);
      Tensor weight_CD = torch.randn(outputs, inputs);
      Tensor want_NC = torch.mm(x_ND, weight_CD.t());
      for (int repeat = 0; repeat < 20; repeat++) {
        Tensor out_NC = torch.full_like(want_NC, Torch.scalar(Double.NaN));
        crew.multiply(x_ND, weight_CD, out_NC);
        assertThat(torch.allclose(out_NC, want_NC, 1e-4, 1e-4, false)).isTrue();
      }
    }
  }

  /** Stored weights of any type, wherever they lie, against fp64. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 0",
    "1, 2, 1",
    "2, 1, 3",
    "3, 17, 0",
    "17, 2, 5",
    "63, 64, 1",
    "64, 65, 3",
    "65, 63, 0",
    "1000, 1000, 7",
    "1001, 3000, 1",
    "5, 70000, 2"
  })
  void storedWeightsAreWidenedExactly(long outputs, long inputs, long offset) {
    try (PointerScope scope = new PointerScope();
        Crew crew = new Crew(2)) {
      Tensor x_ND = torch.randn(3, inputs);
      for (ScalarType type : List.of(ScalarType.Float, ScalarType.BFloat16, ScalarType.Half)) {
        Tensor weight_CD =
            torch
                .randn(offset + outputs * inputs)
                .to(type)
                .narrow(0, offset, outputs * inputs)
                .view(outputs, inputs);
        assertProduct(crew, x_ND, weight_CD);
        assertProduct(crew, x_ND.narrow(0, 1, 1), weight_CD);
        assertProduct(crew, x_ND.narrow(0, 0, 1), weight_CD.flip(0).t().contiguous().t());
      }
    }
  }

  /** Each output within rounding of what its terms add up to without their signs. */
  private static void assertProduct(Crew crew, Tensor x_ND, Tensor weight_CD) {
    Tensor x = x_ND.to(ScalarType.Double);
    Tensor weight = weight_CD.to(ScalarType.Double);
    Tensor out_NC = torch.full(new long[] {x_ND.size(0), weight_CD.size(0)}, NAN);
    crew.multiply(x_ND, weight_CD, out_NC);
    Tensor off_NC = out_NC.sub(torch.mm(x, weight.t())).abs();
    Tensor most_NC = torch.mm(x.abs(), weight.abs().t()).mul(Torch.scalar(1e-6));
    assertThat(off_NC.le(most_NC).all().item_bool()).isTrue();
  }

  @Test
  void aHelperThatSleepsWakesUp() throws InterruptedException {
    try (PointerScope scope = new PointerScope();
        Crew crew = new Crew(2)) {
      Tensor x_ND = torch.ones(1, 512);
      Tensor weight_CD = torch.ones(4096, 512);
      for (int repeat = 0; repeat < 5; repeat++) {
        Tensor out_NC = torch.zeros(1, 4096);
        crew.multiply(x_ND, weight_CD, out_NC);
        assertThat(out_NC.eq(Torch.scalar(512)).all().item_bool()).isTrue();
        Thread.sleep(5);
      }
    }
  }

  @Test
  void aFailureIsReported() {
    try (PointerScope scope = new PointerScope();
        Crew crew = new Crew(2)) {
      Tensor x_ND = torch.ones(1, 3);
      Tensor weight_CD = torch.ones(4, 5);
      assertThatThrownBy(() -> crew.multiply(x_ND, weight_CD, torch.zeros(1, 4)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("a matrix product failed");
    }
  }
}
