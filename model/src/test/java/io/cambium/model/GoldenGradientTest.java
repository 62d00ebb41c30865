package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.Goldens;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * The backward pass of every family against PyTorch's autograd, whose gradients {@code
 * benchmarks/interop/golden_gradients.py} reduced to three numbers for each tensor on disk.
 */
class GoldenGradientTest {

  /** Relative to a tensor's own gradient, and to that of the whole model for a tensor near zero. */
  private static final double TOLERANCE = 2e-5;

  private static final int BATCH = 2;
  private static final int LENGTH = 24;

  @TempDir Path folder;

  static List<String> goldens() {
    return Goldens.ALL.stream().filter(golden -> !golden.contains("-")).toList();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void agreesWithAutograd(String golden) {
    Path path = Goldens.unpack(golden, folder);
    JsonNode expected = Json.readObject(Goldens.gradients(golden, folder));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        SafetensorsFile file = SafetensorsFile.open(path.resolve(Goldens.EXPECTED));
        Team team = new Team(2)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F32), team);
      assertThat(backward(decoder, file))
          .isCloseTo(expected.get("loss").doubleValue(), Offset.offset(1e-5));
      compare(decoder, expected.get("gradients"));
    }
  }

  /** Eight bits keep the direction; PyTorch's own cosine is as low as 0.974 (flex_olmo). */
  @ParameterizedTest
  @MethodSource("goldens")
  void runsInBfloat16(String golden) {
    Path path = Goldens.unpack(golden, folder);
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        SafetensorsFile file = SafetensorsFile.open(path.resolve(Goldens.EXPECTED));
        Team team = new Team(2)) {
      Decoder wide = Decoder.forTraining(Weights.load(directory, DType.F32), team);
      Decoder narrow = Decoder.forTraining(Weights.load(directory, DType.BF16), team);
      assertThat(backward(narrow, file)).isCloseTo(backward(wide, file), Offset.offset(0.03));
      assertThat(cosine(gradients(narrow), gradients(wide))).isGreaterThan(0.95);
    }
  }

  private static double cosine(Map<ModelTensor, Tensor> a, Map<ModelTensor, Tensor> b) {
    double product = 0;
    double squaresOfA = 0;
    double squaresOfB = 0;
    for (Map.Entry<ModelTensor, Tensor> entry : a.entrySet()) {
      Tensor mine = entry.getValue().to(ScalarType.Double).flatten();
      Tensor other = Objects.requireNonNull(b.get(entry.getKey())).to(ScalarType.Double).flatten();
      product += mine.dot(other).item_double();
      squaresOfA += mine.dot(mine).item_double();
      squaresOfB += other.dot(other).item_double();
    }
    return product / Math.sqrt(squaresOfA * squaresOfB);
  }

  /** The loss over both sequences. */
  private static double backward(Decoder decoder, SafetensorsFile expected) {
    long[] ids = expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    double[] losses = new double[BATCH];
    decoder.team().run(member -> losses[member.index()] = backward(decoder, member, ids));
    return Arrays.stream(losses).sum();
  }

  /** The member's sequence of the two. */
  private static double backward(Decoder decoder, Team.Member member, long[] ids) {
    int start = member.index() * LENGTH;
    long[] inputs = Arrays.copyOfRange(ids, start, start + LENGTH - 1);
    long[] targets = Arrays.copyOfRange(ids, start + 1, start + LENGTH);
    return decoder
        .backward(
            member,
            Torch.tensor(inputs, 1, LENGTH - 1),
            Torch.tensor(targets, 1, LENGTH - 1),
            BATCH * (LENGTH - 1),
            false)
        .crossEntropy();
  }

  private static void compare(Decoder decoder, JsonNode expected) {
    double norm = norm(expected);
    Map<ModelTensor, Tensor> gradients = gradients(decoder);
    TensorShards shards = new TensorShards(ProcessGroup.ALONE, null);
    for (TensorShards.Whole whole : shards.byHolder(List.copyOf(gradients.keySet()))) {
      shards.assemble(
          whole, gradients, gradient -> compare(whole.name(), gradient, expected, norm));
    }
  }

  private static void compare(String name, Tensor gradient, JsonNode expected, double norm) {
    JsonNode want = expected.get(name);
    double[] got = reduce(Torch.floats(gradient));
    double scale = Math.max(want.get(0).doubleValue(), 1e-3 * norm);
    for (int i = 0; i < got.length; i++) {
      assertThat(got[i])
          .as("%s, number %d", name, i)
          .isCloseTo(want.get(i).doubleValue(), Offset.offset(TOLERANCE * scale));
    }
  }

  /** The gradients of all workers together. */
  private static Map<ModelTensor, Tensor> gradients(Decoder decoder) {
    Map<ModelTensor, Tensor> gradients = new LinkedHashMap<>();
    decoder
        .weights()
        .all()
        .forEach((tensor, value) -> gradients.put(tensor, torch.zeros_like(value)));
    decoder
        .parameters()
        .forEach(parameter ->
            parameter
                .gradients()
                .get()
                .forEach(part -> {
                  Tensor sum = gradients.get(parameter.tensor());
                  if (part.defined() && sum != null) {
                    sum.add_(part);
                  }
                }));
    return gradients;
  }

  /** Of the whole model's gradient. */
  private static double norm(JsonNode expected) {
    return Math.sqrt(
        expected.properties().stream()
            .mapToDouble(entry -> square(entry.getValue().get(0).doubleValue()))
            .sum());
  }

  private static double square(double x) {
    return x * x;
  }

  /** Norm, and products with two fixed vectors. */
  private static double[] reduce(float[] gradient) {
    double squares = 0;
    double cosines = 0;
    double sines = 0;
    for (int i = 0; i < gradient.length; i++) {
      squares += square(gradient[i]);
      cosines += gradient[i] * Math.cos(i);
      sines += gradient[i] * Math.sin(2.0 * i);
    }
    return new double[] {Math.sqrt(squares), cosines, sines};
  }
}
