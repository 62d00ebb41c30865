package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.model.RouterLosses.Form;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every tensor's gradient, the losses on the router included, against central differences in fp64.
 */
class GradientTest {

  private static final int SEQUENCES = 3;
  private static final int LENGTH = 7;
  private static final int VOCABULARY = 61;
  private static final double STEP = 1e-5;

  @TempDir private Path folder;

  private final RandomText text = new RandomText(3, SEQUENCES, LENGTH, VOCABULARY);

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
  @ValueSource(ints = {1, 3})
  void agreesWithDifferencesInTheSequenceForm(int workers) {
    check(workers, SelectionRule.PLAIN, Form.SEQUENCE);
  }

  /** One of each kind of router, attention and block; biases and sinks are not zero in them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "mixtral",
        "qwen2_moe",
        "deepseek_v3",
        "gpt_oss",
        "llama4_text",
        "flex_olmo",
        "granitemoe",
        "ernie4_5_moe"
      })
  void agreesWithDifferencesInEveryKindOfRouter(String golden) {
    Path path = Goldens.unpack(golden, folder);
    check(path, 2, SelectionRule.PLAIN, new RouterLosses(0.1, Form.PER_LAYER, 0.01, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mixtral", "deepseek_v3", "llama4_text"})
  void agreesWithDifferencesUnderHashRouting(String golden) {
    Path path = Goldens.unpack(golden, folder);
    check(path, 2, new SelectionRule.Hash(5), RouterLosses.NONE);
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

  /** Its own gradient is in LineageRuleTest: what counts as a constant moves under differences. */
  @Test
  void agreementReachesRoutersAlone() {
    Path path = TinyModels.glm4Moe().write(folder.resolve("model"));
    List<Integer> lineages = List.of(0, 1, 2, 0, 2);
    SelectionRule rule =
        new SelectionRule.Lineage(0.3, 0.7, new TreeMap<>(Map.of(1, lineages, 2, lineages)));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(2)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      decoder.select(rule);
      loss(decoder);
      Map<ModelTensor, double[]> without = Gradients.of(decoder);
      decoder.lose(new RouterLosses(0, Form.PER_LAYER, 0, 0, 0.5));
      loss(decoder);
      Gradients.of(decoder)
          .forEach((tensor, gradient) -> {
            double[] other = Objects.requireNonNull(without.get(tensor));
            if (tensor.part() == Part.ROUTER) {
              assertThat(gradient).isNotEqualTo(other);
            } else {
              assertThat(gradient).as("%s", tensor).containsExactly(other, Offset.offset(1e-15));
            }
          });
    }
  }

  private void check(int workers, SelectionRule rule, Form form) {
    Path path = TinyModels.glm4Moe().write(folder.resolve(form.toString()));
    check(path, workers, rule, new RouterLosses(0.1, form, 0.01, 0.3, 0));
  }

  private void check(Path path, int workers, SelectionRule rule, RouterLosses losses) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      decoder.lose(losses);
      decoder.select(rule);
      loss(decoder);
      Map<ModelTensor, double[]> gradients = Gradients.of(decoder);
      gradients.forEach((tensor, gradient) -> check(decoder, tensor, gradient));
    }
  }

  /** All entries at once, along a random direction of length 1: each adds to the difference. */
  private void check(Decoder decoder, ModelTensor tensor, double[] gradient) {
    double[] direction = direction(gradient.length);
    MemorySegment memory =
        Torch.memory(Objects.requireNonNull(decoder.weights().all().get(tensor)));
    double[] values = memory.toArray(ValueLayout.JAVA_DOUBLE);
    double above = loss(decoder, memory, values, direction, STEP);
    double below = loss(decoder, memory, values, direction, -STEP);
    memory.copyFrom(MemorySegment.ofArray(values));
    double slope = 0;
    for (int i = 0; i < gradient.length; i++) {
      slope += gradient[i] * direction[i];
    }
    assertThat((above - below) / (2 * STEP))
        .as(tensor.toString())
        .isCloseTo(slope, Offset.offset(2e-9 + 1e-6 * Math.abs(slope)));
  }

  private static double[] direction(int length) {
    SplittableRandom random = new SplittableRandom(length);
    double[] direction = random.doubles(length, -1, 1).toArray();
    double norm = Math.sqrt(Arrays.stream(direction).map(x -> x * x).sum());
    return Arrays.stream(direction).map(x -> x / norm).toArray();
  }

  private double loss(
      Decoder decoder, MemorySegment memory, double[] values, double[] direction, double step) {
    double[] moved = values.clone();
    Arrays.setAll(moved, i -> values[i] + step * direction[i]);
    memory.copyFrom(MemorySegment.ofArray(moved));
    return loss(decoder);
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
                  member, text.inputs(from, to), text.targets(from, to), SEQUENCES * LENGTH, false);
          losses[member.index()] = parts.crossEntropy() + parts.router();
        });
    return Arrays.stream(losses).sum();
  }
}
