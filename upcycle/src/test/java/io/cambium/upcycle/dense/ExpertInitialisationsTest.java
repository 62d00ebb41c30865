package io.cambium.upcycle.dense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.upcycle.dense.expert.ExpertInitialisation;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.expert.ExpertSlot;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Entry;
import io.cambium.upcycle.ledger.Evaluator;
import io.cambium.upcycle.ledger.Floats;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.ledger.Sources;
import io.cambium.upcycle.plan.UpcyclePlan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the copies of a block are, and what they compute: SwiGLU written down a second time. */
class ExpertInitialisationsTest {

  private static final int WIDTH = 77;
  private static final int COPIES = 3;
  private static final int LAYER = 1;

  /** Gate, up and down of an expert. */
  private record Block(float[] gate_FD, float[] up_FD, float[] down_DF) {

    double[] output(double[] x_D) {
      int width = gate_FD.length / x_D.length;
      double[] inner_F = new double[width];
      for (int f = 0; f < width; f++) {
        double gate = dot(gate_FD, f * x_D.length, x_D);
        inner_F[f] = gate / (1 + Math.exp(-gate)) * dot(up_FD, f * x_D.length, x_D);
      }
      double[] out_D = new double[x_D.length];
      for (int d = 0; d < x_D.length; d++) {
        out_D[d] = dot(down_DF, d * width, inner_F);
      }
      return out_D;
    }

    private static double dot(float[] matrix, int from, double[] vector) {
      double sum = 0;
      for (int i = 0; i < vector.length; i++) {
        sum += matrix[from + i] * vector[i];
      }
      return sum;
    }

    /** Neurons of one matrix whose weights are another block's. */
    Set<Integer> equalNeurons(Block other, Part part) {
      Set<Integer> equal = new TreeSet<>();
      for (int f = 0; f < WIDTH; f++) {
        if (Arrays.equals(neuron(part, f), other.neuron(part, f))) {
          equal.add(f);
        }
      }
      return equal;
    }

    float[] neuron(Part part, int f) {
      float[] weights = new float[DenseModels.HIDDEN];
      for (int d = 0; d < weights.length; d++) {
        weights[d] =
            switch (part) {
              case EXPERT_GATE -> gate_FD[f * weights.length + d];
              case EXPERT_UP -> up_FD[f * weights.length + d];
              default -> down_DF[d * WIDTH + f];
            };
      }
      return weights;
    }
  }

  @TempDir Path folder;
  private SourceCheckpoint source;

  @BeforeEach
  void source() {
    source =
        SourceCheckpoint.open(
            CheckpointSource.of(DenseModels.llama(folder.resolve("dense"), WIDTH, 3)), 0);
  }

  @AfterEach
  void close() {
    source.close();
  }

  static Stream<String> names() {
    return ExpertInitialisations.names().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void keepsTheFunctionWhereItSaysSo(String name) {
    int granularity = name.equals("partition") ? 7 : 1;
    double[] x_D = input();
    double[] expected_D = dense().output(x_D);
    for (int copy = 0; copy < COPIES; copy++) {
      double[] sum_D = new double[x_D.length];
      for (int shard = 0; shard < granularity; shard++) {
        double[] out_D = expert(name, copy * granularity + shard, 1, granularity).output(x_D);
        // The router gives each shard of a copy 1/G of the copy's weight.
        Arrays.setAll(sum_D, d -> sum_D[d] + out_D[d] / granularity);
      }
      if (ExpertInitialisations.named(name, Parameters.DEFAULT).keepsFunction()) {
        assertThat(sum_D).containsExactly(expected_D, within(1e-6));
      } else {
        assertThat(distance(sum_D, expected_D)).isGreaterThan(1e-3);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void sameSeedSameBytesAndOtherSeedOtherBytes(String name) {
    int granularity = name.equals("partition") ? 7 : 1;
    Block first = expert(name, 2, 1, granularity);
    assertThat(expert(name, 2, 1, granularity)).usingRecursiveComparison().isEqualTo(first);
    boolean drawn = !List.of("copy", "partition", "subset").contains(name);
    Block other = expert(name, 2, 2, granularity);
    assertThat(Arrays.equals(other.gate_FD(), first.gate_FD())).isEqualTo(!drawn);
    assertThat(Arrays.equals(other.down_DF(), first.down_DF())).isEqualTo(!drawn);
    if (drawn) {
      assertThat(expert(name, 1, 1, granularity).up_FD()).isNotEqualTo(first.up_FD());
    }
  }

  @Test
  void dropChoosesTheSameNeuronsInAllMatrices() {
    Block dense = dense();
    Block dropped = expert("drop", 1, 1, 1);
    Set<Integer> kept = dropped.equalNeurons(dense, Part.EXPERT_GATE);
    assertThat(kept).hasSize(WIDTH - WIDTH / 2);
    assertThat(dropped.equalNeurons(dense, Part.EXPERT_UP)).isEqualTo(kept);
    assertThat(dropped.equalNeurons(dense, Part.EXPERT_DOWN)).isEqualTo(kept);
  }

  @Test
  void dropIndependentChoosesOthersInEachMatrix() {
    Block dense = dense();
    Block dropped = expert("drop-independent", 1, 1, 1);
    Set<Integer> all = dropped.equalNeurons(dense, Part.EXPERT_GATE);
    for (Part part : List.of(Part.EXPERT_UP, Part.EXPERT_DOWN)) {
      Set<Integer> kept = dropped.equalNeurons(dense, part);
      assertThat(kept).hasSize(WIDTH - WIDTH / 2).isNotEqualTo(all);
      all.retainAll(kept);
    }
    // 39 of 77 thrice: 10 expected in all three, with a deviation below 3.
    assertThat(all).hasSizeBetween(1, 20);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 10, 77})
  void subsetsAddUpToTheBlock(int copies) {
    double[] x_D = input();
    double[] sum_D = new double[x_D.length];
    int smallest = WIDTH;
    int largest = 0;
    for (int copy = 0; copy < copies; copy++) {
      Block block = expert("subset", copy, 1, 1, copies);
      double[] out_D = block.output(x_D);
      Arrays.setAll(sum_D, d -> sum_D[d] + out_D[d]);
      int kept = block.equalNeurons(dense(), Part.EXPERT_DOWN).size();
      smallest = Math.min(smallest, kept);
      largest = Math.max(largest, kept);
    }
    assertThat(sum_D).containsExactly(dense().output(x_D), within(1e-6));
    assertThat(largest - smallest).isLessThanOrEqualTo(WIDTH % copies == 0 ? 0 : 1);
  }

  @Test
  void aPermutationMovesWholeNeurons() {
    Block dense = dense();
    Block permuted = expert("permute", 2, 1, 1);
    for (int f = 0; f < WIDTH; f++) {
      int from = indexOf(permuted.neuron(Part.EXPERT_GATE, f), dense, Part.EXPERT_GATE);
      assertThat(indexOf(permuted.neuron(Part.EXPERT_UP, f), dense, Part.EXPERT_UP))
          .isEqualTo(from);
      assertThat(indexOf(permuted.neuron(Part.EXPERT_DOWN, f), dense, Part.EXPERT_DOWN))
          .isEqualTo(from);
    }
    assertThat(permuted.gate_FD()).isNotEqualTo(dense.gate_FD());
  }

  @Test
  void randomHasTheMomentsOfTheMatrix() {
    float[] drawn = expert("random", 0, 1, 1).gate_FD();
    float[] dense = dense().gate_FD();
    double error = 1 / Math.sqrt(drawn.length);
    assertThat(mean(drawn, 1)).isCloseTo(mean(dense, 1), within(5 * error * spread(dense)));
    assertThat(spread(drawn)).isCloseTo(spread(dense), within(5 * error / 1.4 * spread(dense)));
    assertThat(expert("random", 0, 1, 1).equalNeurons(dense(), Part.EXPERT_UP)).isEmpty();
  }

  @Test
  void wrongUsageIsNamed() {
    refused(() -> named("drop", new Parameters(0.1, null, null)), "option noise", "drop");
    refused(() -> named("copy", new Parameters(null, 0.5, null)), "drop, drop-independent");
    refused(() -> named("svd", new Parameters(null, null, 1.0)), "option svd-share", "1.0");
    refused(() -> named("random_permute", Parameters.DEFAULT), "option init", "permute");
    refused(() -> expert("partition", 0, 1, 1), "partition", "--granularity");
    refused(() -> expert("subset", 0, 1, 7), "subset", "--granularity");
    refused(() -> expert("subset", 0, 1, 1, 78), "77 neurons of layer 0 among 78 copies");
  }

  @ParameterizedTest
  @ValueSource(strings = {"drop", "drop-independent"})
  void aRateThatRedrawsNothingIsRefused(String name) {
    ExpertInitialisation few = named(name, new Parameters(null, 0.01, null));
    ExpertSlot slot = new ExpertSlot(LAYER, 1, COPIES, Part.DENSE_UP, WIDTH, 1);
    refused(
        () -> few.copy(new Formula.Zeros(), slot),
        "option drop-rate: 0.01 redraws none of 77 neurons",
        "give at least 0.01299");
  }

  private static void refused(Runnable work, String... words) {
    assertThatThrownBy(work::run).isInstanceOf(UsageException.class).hasMessageContainingAll(words);
  }

  private static ExpertInitialisation named(String name, Parameters parameters) {
    return ExpertInitialisations.named(name, parameters);
  }

  private Block expert(String name, int expert, long seed, int granularity) {
    return expert(name, expert, seed, granularity, COPIES);
  }

  private Block expert(String name, int expert, long seed, int granularity, int copies) {
    DenseOptions options =
        new DenseOptions(
            copies,
            2,
            granularity,
            LayerChoice.ALL,
            false,
            named(name, Parameters.DEFAULT),
            Normal.DEFAULT,
            Optional.empty(),
            Engine.DEFAULT,
            seed,
            false);
    UpcyclePlan plan =
        DensePlanner.of(List.of(source), OptionalInt.empty(), options)
            .plan(folder.resolve("target"), Directions.NONE);
    Evaluator evaluator = new Evaluator(new Sources(List.of(source), Directions.NONE));
    Map<Part, float[]> matrices = new EnumMap<>(Part.class);
    for (Entry entry : plan.weights()) {
      ModelTensor target = entry.target();
      if (target.part().isExpert() && target.layer() == LAYER && target.expert() == expert) {
        evaluator.evaluate(
            entry, (_, data) -> matrices.put(target.part(), Floats.read(data, entry.dtype())));
      }
    }
    return new Block(
        Objects.requireNonNull(matrices.get(Part.EXPERT_GATE)),
        Objects.requireNonNull(matrices.get(Part.EXPERT_UP)),
        Objects.requireNonNull(matrices.get(Part.EXPERT_DOWN)));
  }

  private Block dense() {
    return new Block(floats(Part.DENSE_GATE), floats(Part.DENSE_UP), floats(Part.DENSE_DOWN));
  }

  private float[] floats(Part part) {
    return source.floats(source.tensor(part, LAYER, ModelTensor.NONE));
  }

  private static double[] input() {
    CounterRandom random = CounterRandom.of(8, "input");
    double[] x_D = new double[DenseModels.HIDDEN];
    Arrays.setAll(x_D, random::gaussian);
    return x_D;
  }

  private static int indexOf(float[] neuron, Block block, Part part) {
    int f = 0;
    while (!Arrays.equals(neuron, block.neuron(part, f))) {
      f++;
    }
    return f;
  }

  private static double distance(double[] a, double[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(squares);
  }

  private static double mean(float[] values, int power) {
    double sum = 0;
    for (float value : values) {
      sum += Math.pow(value, power);
    }
    return sum / values.length;
  }

  private static double spread(float[] values) {
    return Math.sqrt(mean(values, 2) - Math.pow(mean(values, 1), 2));
  }
}
