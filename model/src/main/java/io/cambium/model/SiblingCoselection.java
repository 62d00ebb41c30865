package io.cambium.model;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Counts the tokens that choose two experts of one lineage: their slots hold fewer lineages than
 * experts (docs/grow.md). Each worker has counts of its own.
 */
public final class SiblingCoselection implements RoutingListener {

  private final Map<Integer, List<Integer>> parents;
  private final long[] tokens;
  private final long[] tokensWithSiblings;

  /**
   * @param parents the lineage of each expert by routing layer; other layers are not counted
   */
  public SiblingCoselection(int workers, Map<Integer, List<Integer>> parents) {
    this.parents = parents;
    this.tokens = new long[workers];
    this.tokensWithSiblings = new long[workers];
  }

  @Override
  public void routed(int worker, int layer, Tensor x_TD, int[] choice) {
    List<Integer> lineages = parents.get(layer);
    if (lineages == null || choice.length == 0) {
      return;
    }
    int topK = choice.length / Math.toIntExact(x_TD.size(0));
    for (int first = 0; first < choice.length; first += topK) {
      tokens[worker]++;
      tokensWithSiblings[worker] += distinctLineages(choice, first, topK, lineages) < topK ? 1 : 0;
    }
  }

  /** How many lineages the experts in a token's slots, {@code topK} from {@code first} on, have. */
  public static int distinctLineages(int[] choice, int first, int topK, List<Integer> lineages) {
    int distinct = 0;
    for (int a = first; a < first + topK; a++) {
      int b = first;
      while (!lineages.get(choice[b]).equals(lineages.get(choice[a]))) {
        b++;
      }
      distinct += b == a ? 1 : 0;
    }
    return distinct;
  }

  /** Their share of all tokens, mean over the layers. */
  public double rate() {
    double all = 0;
    double withSiblings = 0;
    for (int worker = 0; worker < tokens.length; worker++) {
      all += tokens[worker];
      withSiblings += tokensWithSiblings[worker];
    }
    return withSiblings / all;
  }
}
