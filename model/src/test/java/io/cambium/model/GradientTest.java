package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.model.RouterLosses.Form;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every tensor's gradient, both losses on the router included, against central differences in fp64.
 */
class GradientTest {

  private static final int SEQUENCES = 3;
  private static final int LENGTH = 7;
  private static final int VOCABULARY = 61;
  private static final int ENTRIES = 4;
  private static final double STEP = 1e-5;

  @TempDir private Path folder;

  private final long[] ids =
      new SplittableRandom(3).longs(SEQUENCES * (LENGTH + 1), 0, VOCABULARY).toArray();

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void agreesWithDifferences(int workers) {
    check(workers, SelectionRule.PLAIN, Form.PER_LAYER);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void agreesWithDifferencesInThePooledForm(int workers) {
    check(workers, SelectionRule.PLAIN, Form.POOLED);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 1})
  void agreesWithDifferencesUnderTheLineageRule(double ownLogit) {
    List<Integer> lineages = List.of(0, 1, 2, 0, 2);
    Map<Integer, List<Integer>> parents = new TreeMap<>(Map.of(1, lineages, 2, lineages));
    double penalty = ownLogit == 0 ? Double.POSITIVE_INFINITY : 1 - ownLogit;
    SelectionRule rule = new SelectionRule.Lineage(ownLogit, penalty, parents);
    check(2, rule, Form.PER_LAYER);
    if (ownLogit == 0.3) {
      check(2, rule, Form.POOLED);
    }
  }

  private void check(int workers, SelectionRule rule, Form form) {
    Path path = TinyModels.glm4Moe().write(folder.resolve(form.toString()));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      decoder.lose(new RouterLosses(0.1, form, 0.01, 0.3));
      decoder.select(rule);
      loss(decoder);
      Map<ModelTensor, double[]> gradients = gradients(decoder);
      gradients.forEach((tensor, gradient) -> check(decoder, tensor, gradient));
    }
  }

  /** The gradients of the last backward pass, those of the workers added up. */
  private static Map<ModelTensor, double[]> gradients(Decoder decoder) {
    Map<ModelTensor, double[]> gradients = new LinkedHashMap<>();
    for (Parameter parameter : decoder.parameters()) {
      double[] sum = new double[(int) parameter.value().numel()];
      for (Tensor part : parameter.gradients().get()) {
        double[] values = Torch.doubles(part);
        Arrays.setAll(sum, i -> sum[i] + values[i]);
      }
      gradients.put(parameter.tensor(), sum);
    }
    return gradients;
  }

  private void check(Decoder decoder, ModelTensor tensor, double[] gradient) {
    MemorySegment memory =
        Torch.memory(Objects.requireNonNull(decoder.weights().all().get(tensor)));
    for (int i = 0; i < Math.min(ENTRIES, gradient.length); i++) {
      int at = i * (gradient.length - 1) / Math.max(1, ENTRIES - 1);
      double value = memory.getAtIndex(ValueLayout.JAVA_DOUBLE, at);
      memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value + STEP);
      double above = loss(decoder);
      memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value - STEP);
      double below = loss(decoder);
      memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
      assertThat((above - below) / (2 * STEP))
          .as("%s[%d]", tensor.name(), at)
          .isCloseTo(gradient[at], Offset.offset(1e-8 + 1e-6 * Math.abs(gradient[at])));
    }
  }

  private double loss(Decoder decoder) {
    double[] losses = new double[decoder.team().size()];
    decoder
        .team()
        .run(member -> {
          int from = Share.start(SEQUENCES, member);
          int to = Share.end(SEQUENCES, member);
          Decoder.Losses parts =
              decoder.backward(
                  member, window(from, to, 0), window(from, to, 1), SEQUENCES * LENGTH, false);
          losses[member.index()] = parts.crossEntropy() + parts.router();
        });
    return Arrays.stream(losses).sum();
  }

  private Tensor window(int from, int to, int shift) {
    long[] window = new long[(to - from) * LENGTH];
    for (int s = from; s < to; s++) {
      System.arraycopy(ids, s * (LENGTH + 1) + shift, window, (s - from) * LENGTH, LENGTH);
    }
    return Torch.tensor(window, to - from, LENGTH);
  }
}
