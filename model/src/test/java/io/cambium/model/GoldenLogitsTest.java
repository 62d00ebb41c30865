package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decoder against the logits that transformers 5 and 4 computed. */
class GoldenLogitsTest {

  @TempDir Path folder;

  static List<String> goldens() {
    return Goldens.ALL;
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void agreesWithTransformers(String golden) {
    agreesWithTransformers(golden, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void workersChangeNothing(int workers) {
    agreesWithTransformers(Goldens.GLM4_MOE, workers);
  }

  /** What rounding to eight bits leaves: a token may even change its experts. */
  @ParameterizedTest
  @MethodSource("goldens")
  void runsInBfloat16(String golden) {
    float[] difference = difference(golden, 1, DType.BF16);
    double sum = 0;
    for (float d : difference) {
      sum += d;
    }
    assertThat(sum / difference.length).isLessThan(0.03);
  }

  /**
   * What each router is given, through its matrix, against the logits that transformers exposes.
   */
  @ParameterizedTest
  @MethodSource("goldens")
  void routersAgreeWithTransformers(String golden) {
    try (GoldenModel model = GoldenModel.open(golden, folder)) {
      Decoder decoder = model.decoder();
      List<Integer> layers = decoder.spec().mixtureLayers();
      Map<Integer, float[]> logits = new TreeMap<>();
      decoder.listen(
          (worker, layer, x_TD, choice) -> logits.put(layer, routerLogits(decoder, layer, x_TD)));
      model.run();
      for (int i = 0; model.expects("router." + i); i++) {
        assertThat(Objects.requireNonNull(logits.get(layers.get(i))))
            .containsExactly(model.expected("router." + i), Offset.offset(5e-5f));
      }
    }
  }

  private static float[] routerLogits(Decoder decoder, int layer, Tensor x_TD) {
    Tensor weight_ED = decoder.weights().get(Part.ROUTER, layer);
    Tensor logits_TE = torch.mm(x_TD, weight_ED.t());
    return Torch.floats(
        decoder.spec().mixture(layer).router().logitBias()
            ? logits_TE.add(decoder.weights().get(Part.ROUTER_BIAS, layer))
            : logits_TE);
  }

  private void agreesWithTransformers(String golden, int workers) {
    float worst = 0;
    for (float d : difference(golden, workers, DType.F32)) {
      worst = Math.max(worst, d);
    }
    assertThat(worst).isLessThan(2e-5f);
  }

  private float[] difference(String golden, int workers, DType compute) {
    try (GoldenModel model = GoldenModel.open(golden, folder, workers, compute)) {
      Decoder decoder = model.decoder();
      long[] ids = model.ids();
      int batch = model.batch_B();
      int length = ids.length / batch;
      float[] want = model.expected("logits");
      float[] got = new float[want.length];
      int perSequence = want.length / batch;
      decoder
          .team()
          .run(member -> {
            int from = batch * member.index() / workers;
            int to = batch * (member.index() + 1) / workers;
            long[] mine = Arrays.copyOfRange(ids, from * length, to * length);
            Tensor logits = decoder.logits(member, Torch.tensor(mine, to - from, length));
            float[] values = Torch.floats(logits.to(ScalarType.Float));
            System.arraycopy(values, 0, got, from * perSequence, values.length);
          });
      for (int i = 0; i < want.length; i++) {
        got[i] = Math.abs(got[i] - want[i]);
      }
      return got;
    }
  }
}
