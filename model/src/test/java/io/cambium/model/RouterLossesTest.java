package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.Part;
import io.cambium.checkpoint.testing.TinyModels;
import io.cambium.model.RouterLosses.Form;
import java.nio.file.Path;
import java.util.Arrays;
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

  /** What went through one layer's router, over all workers. */
  private static final class Tally {
    private final double[] chosen_E = new double[EXPERTS];
    private final double[] sigmoidShares_E = new double[EXPERTS];
    private final double[] softmax_E = new double[EXPERTS];

    synchronized void add(double[] x_TD, double[] router_ED, int[] choice) {
      Arrays.stream(choice).forEach(e -> chosen_E[e]++);
      int hidden = router_ED.length / EXPERTS;
      for (int t = 0; t < x_TD.length / hidden; t++) {
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
  }

  @ParameterizedTest
  @CsvSource({"per_layer,1", "per_layer,3", "pooled,1", "pooled,2", "pooled,3", "pooled,4"})
  void agreesWithItsFormula(String name, int workers) {
    Form form = Form.valueOf(name.toUpperCase(Locale.ROOT));
    Path path = TinyModels.glm4Moe().experts(EXPERTS).topK(TOP_K).write(folder.resolve("model"));
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(workers)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F64), team);
      Map<Integer, Tally> tallies = new TreeMap<>();
      decoder.spec().mixtureLayers().forEach(layer -> tallies.put(layer, new Tally()));
      decoder.listen((worker, layer, x_TD, choice) ->
          Objects.requireNonNull(tallies.get(layer))
              .add(
                  Torch.doubles(x_TD),
                  Torch.doubles(decoder.weights().get(Part.ROUTER, layer)),
                  choice));
      decoder.lose(new RouterLosses(1, form, 0, 0));
      double[] parts = new double[workers];
      team.run(member -> {
        int from = Share.start(SEQUENCES, member);
        int to = Share.end(SEQUENCES, member);
        long[] mine = Arrays.copyOfRange(ids, from * LENGTH, to * LENGTH);
        Tensor ids_BS = Torch.tensor(mine, to - from, LENGTH);
        parts[member.index()] = decoder.backward(member, ids_BS, ids_BS, TOKENS, false).router();
      });
      double expected = form == Form.POOLED ? pooled(tallies) : perLayer(tallies);
      assertThat(Arrays.stream(parts).sum()).isCloseTo(expected, Offset.offset(1e-6));
    }
  }

  private static double perLayer(Map<Integer, Tally> tallies) {
    return tallies.values().stream()
        .mapToDouble(tally ->
            IntStream.range(0, EXPERTS)
                .mapToDouble(
                    e -> tally.chosen_E[e] / (TOKENS * TOP_K) * tally.sigmoidShares_E[e] / TOKENS)
                .sum())
        .map(sum -> EXPERTS * sum)
        .average()
        .orElseThrow();
  }

  private static double pooled(Map<Integer, Tally> tallies) {
    double rows = (double) TOKENS * tallies.size();
    return EXPERTS
        * IntStream.range(0, EXPERTS)
            .mapToDouble(e ->
                tallies.values().stream().mapToDouble(t -> t.chosen_E[e]).sum()
                    / rows
                    * tallies.values().stream().mapToDouble(t -> t.softmax_E[e]).sum()
                    / rows)
            .sum();
  }
}
