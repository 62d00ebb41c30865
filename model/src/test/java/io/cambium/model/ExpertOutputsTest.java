package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What all experts answer, against what the chosen ones answer in a pass, for every family. */
class ExpertOutputsTest {

  @TempDir Path folder;

  static List<String> goldens() {
    return Goldens.ALL;
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void agreeWithThoseOfTheChosen(String golden) {
    try (GoldenModel model = GoldenModel.open(golden, folder)) {
      Decoder decoder = model.decoder();
      Comparison comparison = new Comparison(decoder);
      decoder.listen(comparison);
      model.run();
      boolean skipped =
          decoder.spec().mixtureLayers().stream()
              .allMatch(layer -> decoder.spec().mixture(layer).router().weightsInput());
      assertThat(comparison.compared > 0).isNotEqualTo(skipped);
    }
  }

  /** Compares, layer by layer. */
  private static final class Comparison implements RoutingListener {

    private final Decoder decoder;
    private float[] all_NED = {};
    private int compared;

    Comparison(Decoder decoder) {
      this.decoder = decoder;
    }

    @Override
    public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
      all_NED = Torch.floats(ExpertOutputs.of(decoder, layer, x_TD));
    }

    @Override
    public void answered(
        int worker, int layer, int[] choice, Tensor weights_TK, Tensor outputs_TKD) {
      if (decoder.spec().mixture(layer).router().weightsInput()) {
        // What the chosen experts were given had the router's weight in it.
        return;
      }
      int experts = decoder.spec().mixture(layer).experts();
      int topK = decoder.spec().mixture(layer).topK();
      int hidden = decoder.spec().hiddenSize();
      float[] chosen_TKD = Torch.floats(outputs_TKD);
      for (int slot = 0; slot < choice.length; slot++) {
        int from = (slot / topK * experts + choice[slot]) * hidden;
        for (int d = 0; d < hidden; d++) {
          assertThat(all_NED[from + d])
              .isCloseTo(chosen_TKD[slot * hidden + d], Offset.offset(1e-5f));
        }
        compared++;
      }
    }
  }
}
