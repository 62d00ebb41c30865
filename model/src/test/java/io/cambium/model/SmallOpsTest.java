package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loops for single tokens against libtorch's ops. */
class SmallOpsTest {

  @BeforeAll
  static void start() {
    Torch.start();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 2", "3, 17", "2, 63", "1, 64", "5, 65", "1, 1000"})
  void normalisesAsLibtorchDoes(long rows, long size) {
    try (PointerScope scope = new PointerScope()) {
      Tensor x = torch.randn(1, rows, size);
      Tensor weight = torch.randn(size);
      Tensor want = Ops.rmsNorm(x, weight, Norms.before(1e-5));
      assertClose(SmallOps.rmsNorm(x, weight, 1e-5, 0), want);
      Tensor less = weight.sub(Torch.scalar(1));
      assertClose(SmallOps.rmsNorm(x, less, 1e-5, 1), want);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1, 2", "1, 1, 3, 64", "1, 5, 9, 6", "3, 2, 1, 10"})
  void rotatesAsLibtorchDoes(long sequences, long tokens, long heads, int dimensions) {
    try (PointerScope scope = new PointerScope();
        Crew crew = new Crew(1)) {
      Rotary rotary = Rotary.of(new Rope(10_000, dimensions), false, 17, ScalarType.Float);
      Tensor x = torch.randn(sequences, tokens, heads, dimensions);
      Tensor want = rotary.apply(x, 7);
      Tensor got = ScopedValue.where(Crew.HERE, crew).call(() -> rotary.apply(x, 7));
      assertClose(got, want);
    }
  }

  private static void assertClose(Tensor got, Tensor want) {
    assertThat(got.shape()).isEqualTo(want.shape());
    assertThat(torch.allclose(got, want, 1e-6, 1e-6, false)).isTrue();
  }
}
