package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.Goldens;
import java.lang.foreign.ValueLayout;
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
    Path path = Goldens.unpack(golden, folder);
    try (SafetensorsFile expected = SafetensorsFile.open(path.resolve("expected.safetensors"));
        CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Decoder decoder = Decoder.forInference(Weights.map(directory, DType.F32), team);
      List<Integer> layers = decoder.spec().mixtureLayers();
      Map<Integer, float[]> logits = new TreeMap<>();
      decoder.listen(
          (worker, layer, x_TD, choice) -> logits.put(layer, routerLogits(decoder, layer, x_TD)));
      long[] ids = expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      team.run(member -> decoder.logits(member, Torch.tensor(ids, 2, ids.length / 2)));
      for (int i = 0; expected.tensors().containsKey("router." + i); i++) {
        float[] want = expected.data("router." + i).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        assertThat(Objects.requireNonNull(logits.get(layers.get(i))))
            .containsExactly(want, Offset.offset(5e-5f));
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
    Path path = Goldens.unpack(golden, folder);
    try (SafetensorsFile expected = SafetensorsFile.open(path.resolve("expected.safetensors"));
        CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forInference(Weights.map(directory, compute), team);
      long[] ids = expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      long batch =
          Objects.requireNonNull(expected.tensors().get("input_ids")).spec().shape().get(0);
      long length = ids.length / batch;
      float[] want = expected.data("logits").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      float[] got = new float[want.length];
      int perSequence = (int) (want.length / batch);
      team.run(member -> {
        long from = batch * member.index() / workers;
        long to = batch * (member.index() + 1) / workers;
        long[] mine = Arrays.copyOfRange(ids, (int) (from * length), (int) (to * length));
        Tensor logits = decoder.logits(member, Torch.tensor(mine, to - from, length));
        float[] values = Torch.floats(logits.to(ScalarType.Float));
        System.arraycopy(values, 0, got, (int) from * perSequence, values.length);
      });
      for (int i = 0; i < want.length; i++) {
        got[i] = Math.abs(got[i] - want[i]);
      }
      return got;
    }
  }
}
