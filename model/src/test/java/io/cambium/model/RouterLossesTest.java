package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.model.RouterLosses.Form;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The value of the load-balancing losses against their formulas, whatever the split of a batch. */
class RouterLossesTest {

  private static final int SEQUENCES = 4;
  private static final int LENGTH = 7;
  private static final int TOKENS = SEQUENCES * LENGTH;
  private static final int VOCABULARY = 61;
  private static final int EXPERTS = 5;
  private static final int TOP_K = 2;

  @TempDir private Path folder;

  private final long[] ids = new SplittableRandom(5).longs(TOKENS, 0, VOCABULARY).toArray();

  /** What went through one layer's router, of one sequence or of several. */
  private static final class Tally {
    private final double[] chosen_E = new double[EXPERTS];
    private final double[] sigmoidShares_E = new double[EXPERTS];
    private final double[] softmax_E = new double[EXPERTS];

    void add(double[] x_TD, double[] router_ED, int[] choice, int fromToken) {
      Arrays.stream(choice, fromToken * TOP_K, (fromToken + LENGTH) * TOP_K)
          .forEach(e -> chosen_E[e]++);
      int hidden = router_ED.length / EXPERTS;
      for (int t = fromToken; t < fromToken + LENGTH; t++) {
        double[] logits_E = new double[EXPERTS];
        for (int i = 0; i < router_ED.length; i++) {
          logits_E[i / hidden] += router_ED[i] * x_TD[t * hidden + i % hidden];
        }
        addShares(sigmoidShares_E, Arrays.stream(logits_E).map(z -> 1 / (1 + Math.exp(-z))));
        addShares(softmax_E, Arrays.stream(logits_E).map(Math::exp));
      }
    }

    private static void addShares(double[] to_E, DoubleStream values) {
      double[] values_E = values.toArray();
      double sum = Arrays.stream(values_E).sum();
      Arrays.setAll(to_E, e -> to_E[e] + values_E[e] / sum);
    }

    /** {@code E * sum f P} over so many tokens, f a share of the choices. */
    double switchLoss(int tokens) {
      return EXPERTS
          * IntStream.range(0, EXPERTS)
              .mapToDouble(e -> chosen_E[e] / (tokens * TOP_K) * sigmoidShares_E[e] / tokens)
              .sum();
    }

    static Tally sum(List<Tally> parts) {
      Tally sum = new Tally();
      for (Tally part : parts) {
        add(sum.chosen_E, part.chosen_E);
        add(sum.sigmoidShares_E, part.sigmoidShares_E);
        add(sum.softmax_E, part.softmax_E);
      }
      return sum;
    }

    private static void add(double[] to_E, double[] values_E) {
      Arrays.setAll(to_E, e -> to_E[e] + values_E[e]);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "per_layer,1",
    "per_layer,3",
    "pooled,1",
    "pooled,2",
    "pooled,3",
    "pooled,4",
    "sequence,1",
    "sequence,2",
    "sequence,3",
    "sequence,4"
  })
  void agreesWithItsFormula(String name, int workers) {
    Form form = Form.valueOf(name.toUpperCase(Locale.ROOT));
    Path path = TinyModels.glm4Moe().experts(EXPERTS).topK(TOP_K).write(folder.resolve("model"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      Map<Integer, List<Tally>> sequences = new TreeMap<>();
      decoder.spec().mixtureLayers().forEach(layer -> sequences.put(layer, new ArrayList<>()));
      decoder.listen((worker, layer, x_TD, choice) ->
          tally(
              Torch.doubles(x_TD),
              Torch.doubles(decoder.weights().get(Part.ROUTER, layer)),
              choice,
              Objects.requireNonNull(sequences.get(layer))));
      decoder.lose(new RouterLosses(1, form, 0, 0, 0));
      double[] parts = new double[workers];
      team.run(member -> {
        int from = Share.start(SEQUENCES, member);
        int to = Share.end(SEQUENCES, member);
        long[] mine = Arrays.copyOfRange(ids, from * LENGTH, to * LENGTH);
        Tensor ids_BS = Torch.tensor(mine, to - from, LENGTH);
        parts[member.index()] = decoder.backward(member, ids_BS, ids_BS, TOKENS, false).router();
      });
      double expected =
          switch (form) {
            case PER_LAYER -> perLayer(sequences.values());
            case POOLED -> pooled(sequences.values());
            case SEQUENCE -> bySequence(sequences.values());
          };
      assertThat(Arrays.stream(parts).sum()).isCloseTo(expected, Offset.offset(1e-6));
    }
  }

  /** A tally for each of a worker's sequences. */
  private static void tally(double[] x_TD, double[] router_ED, int[] choice, List<Tally> to) {
    for (int token = 0; token < choice.length / TOP_K; token += LENGTH) {
      Tally tally = new Tally();
      tally.add(x_TD, router_ED, choice, token);
      synchronized (to) {
        to.add(tally);
      }
    }
  }

  private static double perLayer(Collection<List<Tally>> layers) {
    return layers.stream()
        .mapToDouble(sequences -> Tally.sum(sequences).switchLoss(TOKENS))
        .average()
        .orElseThrow();
  }

  private static double bySequence(Collection<List<Tally>> layers) {
    return layers.stream()
        .flatMap(List::stream)
        .mapToDouble(sequence -> sequence.switchLoss(LENGTH))
        .average()
        .orElseThrow();
  }

  private static double pooled(Collection<List<Tally>> layers) {
    double rows = (double) TOKENS * layers.size();
    Tally all = Tally.sum(layers.stream().flatMap(List::stream).toList());
    return EXPERTS
        * IntStream.range(0, EXPERTS)
            .mapToDouble(e -> all.chosen_E[e] / rows * all.softmax_E[e] / rows)
            .sum();
  }
}
