package io.cambium.lab.analysis;

import io.cambium.model.Decoder;
import io.cambium.model.ExpertOutputs;
import io.cambium.model.Torch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * How alike the experts of a layer are, each with each. E experts, N tokens, D hidden.
 *
 * @param weight [E][E] cosine between all weights of two experts, as they lie: two experts that
 *     compute the same with their neurons in another order have a low one
 * @param output [E][E] cosine between what two experts give for the same token, without the
 *     router's weight, mean over the sampled tokens of all domains, whichever experts these chose
 * @param distance [E][E] between the weights of two experts, relative to the larger norm
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Similarity(
    List<List<Double>> weight, List<List<Double>> output, List<List<Double>> distance) {

  /** Two experts and a number. */
  public record Pair(int first, int second, double value) {}

  /** Elements of what is in memory at a time beside the weights. */
  private static final long PIECE = 1 << 22;

  /** Guards a division by the length of a vector that may be all zeros. */
  private static final double TINY = 1e-30;

  /** Compares the experts of a layer. */
  static Similarity of(Decoder decoder, int layer, float[] input_ND) {
    double[][] products_EE = ExpertProducts.within(decoder, layer);
    return new Similarity(
        table(products_EE.length, (a, b) -> ExpertProducts.cosine(products_EE, a, b)),
        outputs(decoder, layer, input_ND),
        table(products_EE.length, (a, b) -> ExpertProducts.distance(products_EE, a, b)));
  }

  /** A number for two experts. */
  interface OfPair {
    double value(int a, int b);
  }

  private static List<List<Double>> table(int experts, OfPair cell) {
    List<List<Double>> rows = new ArrayList<>();
    for (int a = 0; a < experts; a++) {
      List<Double> row = new ArrayList<>();
      for (int b = 0; b < experts; b++) {
        row.add(cell.value(a, b));
      }
      rows.add(row);
    }
    return rows;
  }

  private static List<List<Double>> outputs(Decoder decoder, int layer, float[] input_ND) {
    int experts = decoder.spec().mixture(layer).experts();
    int hidden = decoder.spec().hiddenSize();
    int tokens = input_ND.length / hidden;
    int atATime = (int) Math.clamp(PIECE / ((long) experts * hidden), 1, tokens);
    double[] sum_EE = new double[experts * experts];
    try (PointerScope scope = new PointerScope()) {
      Tensor all_ND = Torch.tensor(input_ND, tokens, hidden);
      for (int first = 0; first < tokens; first += atATime) {
        int count = Math.min(atATime, tokens - first);
        add(sum_EE, cosines(decoder, layer, all_ND.narrow(0, first, count)));
      }
    }
    return table(experts, (a, b) -> sum_EE[a * experts + b] / tokens);
  }

  /** Summed over the tokens. */
  private static double[] cosines(Decoder decoder, int layer, Tensor x_ND) {
    try (PointerScope scope = new PointerScope()) {
      Tensor y_NED = ExpertOutputs.of(decoder, layer, x_ND).to(ScalarType.Double);
      Tensor length_NE1 =
          torch.linalg_vector_norm(
              y_NED, new Scalar(2), new long[] {-1}, true, new ScalarTypeOptional());
      Tensor unit_NED = y_NED.div(length_NE1.clamp_min(new Scalar(TINY)));
      return ExpertProducts.doubles(torch.bmm(unit_NED, unit_NED.transpose(1, 2)).sum(0));
    }
  }

  private static void add(double[] sum, double[] more) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += more[i];
    }
  }

  /** The mean over all pairs of different experts; 1 where there is only one expert. */
  public static double mean(List<List<Double>> table) {
    return pairs(table).stream().mapToDouble(Pair::value).average().orElse(1);
  }

  /** All pairs of different experts, the most alike first. */
  public static List<Pair> pairs(List<List<Double>> table) {
    List<Pair> pairs = new ArrayList<>();
    for (int a = 0; a < table.size(); a++) {
      for (int b = a + 1; b < table.size(); b++) {
        pairs.add(new Pair(a, b, table.get(a).get(b)));
      }
    }
    pairs.sort(Comparator.comparingDouble(Pair::value).reversed());
    return pairs;
  }
}
