package io.cambium.training;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.model.Decoder;
import io.cambium.model.Share;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How alike the experts of a lineage still are: each is compared with the next of its lineage, so
 * that the effort grows with the number of experts and not with its square.
 */
final class SiblingWeights {

  /**
   * Two siblings.
   *
   * @param cosine between all their weights
   * @param distance between them, relative to the larger norm
   */
  record Pair(int first, int second, double cosine, double distance) {

    private static Pair of(int first, int second, double[] sums) {
      double norms = Math.sqrt(sums[0]) * Math.sqrt(sums[1]);
      double largest = Math.sqrt(Math.max(sums[0], sums[1]));
      // Also where both are all zeros.
      return sums[3] == 0
          ? new Pair(first, second, 1, 0)
          : new Pair(first, second, norms == 0 ? 0 : sums[2] / norms, Math.sqrt(sums[3]) / largest);
    }
  }

  private final Map<Integer, List<List<Tensor>>> weights = new TreeMap<>();

  private SiblingWeights(Decoder decoder) {
    for (Map.Entry<ModelTensor, Tensor> weight : decoder.weights().all().entrySet()) {
      ModelTensor tensor = weight.getKey();
      if (tensor.part().isExpert()) {
        List<List<Tensor>> experts =
            weights.computeIfAbsent(tensor.layer(), layer -> new ArrayList<>());
        while (experts.size() <= tensor.expert()) {
          experts.add(new ArrayList<>());
        }
        experts.get(tensor.expert()).add(weight.getValue());
      }
    }
  }

  /**
   * Compares the experts of every routing layer.
   *
   * @param parents the lineage of each expert by routing layer
   * @return the pairs by layer; a lineage of one expert has none
   */
  static Map<Integer, List<Pair>> compare(Decoder decoder, Map<Integer, List<Integer>> parents) {
    SiblingWeights siblings = new SiblingWeights(decoder);
    List<Integer> layers = List.copyOf(parents.keySet());
    Map<Integer, List<Pair>> pairs = new ConcurrentSkipListMap<>();
    decoder
        .team()
        .run(member -> {
          int end = Share.end(layers.size(), member);
          for (int layer : layers.subList(Share.start(layers.size(), member), end)) {
            pairs.put(layer, siblings.pairs(layer, Objects.requireNonNull(parents.get(layer))));
          }
        });
    return pairs;
  }

  /** The nearest of some pairs. */
  static Pair nearest(List<Pair> pairs) {
    return pairs.stream().min(Comparator.comparingDouble(Pair::distance)).orElseThrow();
  }

  private List<Pair> pairs(int layer, List<Integer> lineages) {
    List<Pair> pairs = new ArrayList<>();
    for (int second = 1; second < lineages.size(); second++) {
      int first = lineages.subList(0, second).lastIndexOf(lineages.get(second));
      if (first >= 0) {
        pairs.add(pair(layer, first, second));
      }
    }
    return pairs;
  }

  private Pair pair(int layer, int first, int second) {
    List<List<Tensor>> experts = Objects.requireNonNull(weights.get(layer));
    double[] sums = new double[4];
    for (int part = 0; part < experts.get(first).size(); part++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor a = experts.get(first).get(part).detach().reshape(-1);
        Tensor b = experts.get(second).get(part).detach().reshape(-1);
        Tensor difference = a.sub(b);
        sums[0] += torch.dot(a, a).item_double();
        sums[1] += torch.dot(b, b).item_double();
        sums[2] += torch.dot(a, b).item_double();
        sums[3] += torch.dot(difference, difference).item_double();
      }
    }
    return Pair.of(first, second, sums);
  }
}
