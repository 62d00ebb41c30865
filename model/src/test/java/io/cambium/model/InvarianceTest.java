package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.model.RouterLosses.Form;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each loss and its gradient, whatever the split of a batch over workers and micro batches, in
 * fp64.
 *
 * <p>There is no padding whose tokens a loss could count: a batch is whole sequences of one length,
 * cut from running text (BatchSampler), and the decoder takes no mask.
 */
class InvarianceTest {

  private static final int SEQUENCES = 6;
  private static final int LENGTH = 5;
  private static final int VOCABULARY = 96;

  /** Of fp64 sums in another order; the balance factors E * f are fp32, and the same ones. */
  private static final double TOLERANCE = 1e-12;

  @TempDir private Path folder;

  private final RandomText text = new RandomText(8, SEQUENCES, LENGTH, VOCABULARY);

  /** The losses of the routers one by one, each beside the cross entropy. */
  private enum Loss {
    CROSS_ENTROPY(RouterLosses.NONE),
    PER_LAYER(new RouterLosses(0.5, Form.PER_LAYER, 0, 0, 0)),
    POOLED(new RouterLosses(0.5, Form.POOLED, 0, 0, 0)),
    SEQUENCE(new RouterLosses(0.5, Form.SEQUENCE, 0, 0, 0)),
    Z(new RouterLosses(0, Form.PER_LAYER, 0.5, 0.2, 0)),
    AGREEMENT(new RouterLosses(0, Form.PER_LAYER, 0, 0, 0.5));

    private final RouterLosses losses;

    Loss(RouterLosses losses) {
      this.losses = losses;
    }

    /** Whether its f is that of the tokens which all workers compute at a time. */
    boolean countsPerMicroBatch() {
      return this == PER_LAYER || this == POOLED;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a step comes to: both parts of the loss, then every gradient. */
  private record Step(double crossEntropy, double router, double[] gradients) {}

  /** A sigmoid family with a selection bias and a shared expert, and a softmax family. */
  static Stream<Arguments> everyLoss() {
    return Stream.of(Goldens.GLM4_MOE, "mixtral")
        .flatMap(golden -> Stream.of(Loss.values()).map(loss -> Arguments.of(golden, loss)));
  }

  static Stream<Arguments> lossesOfTokensOrSequences() {
    return everyLoss().filter(arguments -> !((Loss) arguments.get()[1]).countsPerMicroBatch());
  }

  static Stream<Arguments> lossesOfMicroBatches() {
    return everyLoss().filter(arguments -> ((Loss) arguments.get()[1]).countsPerMicroBatch());
  }

  @ParameterizedTest
  @MethodSource("everyLoss")
  void doesNotDependOnTheWorkers(String golden, Loss loss) {
    Path path = Goldens.unpack(golden, folder);
    Step one = step(path, loss, 1, List.of(SEQUENCES));
    assertThat(one.router() == 0).isEqualTo(loss == Loss.CROSS_ENTROPY);
    requireSame(one, step(path, loss, 2, List.of(SEQUENCES)));
    requireSame(one, step(path, loss, 3, List.of(SEQUENCES)));
    // More workers than sequences: somebody is idle.
    requireSame(one, step(path, loss, SEQUENCES + 1, List.of(SEQUENCES)));
  }

  @ParameterizedTest
  @MethodSource("lossesOfTokensOrSequences")
  void doesNotDependOnTheMicroBatches(String golden, Loss loss) {
    Path path = Goldens.unpack(golden, folder);
    Step whole = step(path, loss, 2, List.of(SEQUENCES));
    requireSame(whole, step(path, loss, 2, List.of(3, 3)));
    requireSame(whole, step(path, loss, 1, List.of(1, 4, 1)));
  }

  /** So says docs/train.md: each round of micro batches has its own f. */
  @ParameterizedTest
  @MethodSource("lossesOfMicroBatches")
  void isTheMeanOverMicroBatchesWhoseLoadsAreTheirOwn(String golden, Loss loss) {
    Path path = Goldens.unpack(golden, folder);
    Step first = step(path, loss, 2, 0, List.of(3));
    Step second = step(path, loss, 2, 3, List.of(3));
    Step both = step(path, loss, 2, List.of(3, 3));
    double[] sum = new double[both.gradients().length];
    Arrays.setAll(sum, i -> first.gradients()[i] + second.gradients()[i]);
    requireSame(
        new Step(
            first.crossEntropy() + second.crossEntropy(), first.router() + second.router(), sum),
        both);
    Step whole = step(path, loss, 2, List.of(SEQUENCES));
    assertThat(both.crossEntropy()).isCloseTo(whole.crossEntropy(), Offset.offset(TOLERANCE));
    assertThat(Math.abs(both.router() - whole.router())).isGreaterThan(1e-6);
  }

  /** Lineages of two and, of an odd number of experts, one of three. */
  private static Map<Integer, List<Integer>> pairs(DecoderSpec spec) {
    return spec.mixtureLayers().stream()
        .collect(
            Collectors.toMap(
                layer -> layer,
                layer ->
                    IntStream.range(0, spec.mixture(layer).experts())
                        .mapToObj(e -> e % (spec.mixture(layer).experts() / 2))
                        .toList()));
  }

  private static void requireSame(Step expected, Step actual) {
    assertThat(actual.crossEntropy()).isCloseTo(expected.crossEntropy(), Offset.offset(TOLERANCE));
    assertThat(actual.router()).isCloseTo(expected.router(), Offset.offset(TOLERANCE));
    assertThat(largestDifference(expected.gradients(), actual.gradients())).isLessThan(TOLERANCE);
  }

  private static double largestDifference(double[] expected, double[] actual) {
    assertThat(actual).hasSameSizeAs(expected);
    return IntStream.range(0, expected.length)
        .mapToDouble(i -> Math.abs(expected[i] - actual[i]))
        .max()
        .orElseThrow();
  }

  private Step step(Path path, Loss loss, int workers, List<Integer> microBatches) {
    return step(path, loss, workers, 0, microBatches);
  }

  /**
   * A step over some of the sequences.
   *
   * @param microBatches how many sequences each has
   */
  private Step step(Path path, Loss loss, int workers, int from, List<Integer> microBatches) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      decoder.lose(loss.losses);
      if (loss == Loss.AGREEMENT) {
        decoder.select(new SelectionRule.Lineage(0.3, 0.7, pairs(decoder.spec())));
      }
      double[] crossEntropies = new double[workers];
      double[] routers = new double[workers];
      team.run(member -> {
        int at = from;
        for (int sequences : microBatches) {
          Decoder.Losses losses = microBatch(decoder, member, at, sequences, at > from);
          crossEntropies[member.index()] += losses.crossEntropy();
          routers[member.index()] += losses.router();
          at += sequences;
        }
      });
      return new Step(
          Arrays.stream(crossEntropies).sum(), Arrays.stream(routers).sum(), gradients(decoder));
    }
  }

  private Decoder.Losses microBatch(
      Decoder decoder, Team.Member member, int from, int sequences, boolean accumulate) {
    int mine = from + Share.start(sequences, member);
    int end = from + Share.end(sequences, member);
    return decoder.backward(
        member, text.inputs(mine, end), text.targets(mine, end), SEQUENCES * LENGTH, accumulate);
  }

  private static double[] gradients(Decoder decoder) {
    return Gradients.of(decoder).values().stream().flatMapToDouble(Arrays::stream).toArray();
  }
}
