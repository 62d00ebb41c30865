package io.cambium.training;

import io.cambium.model.Decoder;
import io.cambium.model.ProcessGroup;
import io.cambium.model.Share;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
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

  /** Sums over all elements of two experts that {@link Pair#of} needs. */
  private static final int SUMS = 4;

  private final Decoder decoder;
  private final ProcessGroup ranks;

  /** The tensors of each expert that this process holds, by layer and expert. */
  private final Map<Integer, SortedMap<Integer, List<Tensor>>> held = new TreeMap<>();

  private SiblingWeights(Decoder decoder) {
    this.decoder = decoder;
    this.ranks = decoder.ranks().experts();
    decoder
        .weights()
        .all()
        .forEach((tensor, value) -> {
          if (tensor.part().isExpert()) {
            held.computeIfAbsent(tensor.layer(), _ -> new TreeMap<>())
                .computeIfAbsent(tensor.expert(), _ -> new ArrayList<>())
                .add(value.detach());
          }
        });
  }

  /**
   * Compares the experts of every routing layer. All ranks that share them must call it.
   *
   * @param parents the lineage of each expert by routing layer
   * @return the pairs by layer; a lineage of one expert has none
   */
  static Map<Integer, List<Pair>> compare(Decoder decoder, Map<Integer, List<Integer>> parents) {
    SiblingWeights siblings = new SiblingWeights(decoder);
    Map<Integer, List<Pair>> pairs = new TreeMap<>();
    new TreeMap<>(parents)
        .forEach((layer, lineages) -> pairs.put(layer, siblings.compare(layer, lineages)));
    return pairs;
  }

  /** The nearest of some pairs. */
  static Pair nearest(List<Pair> pairs) {
    return pairs.stream().min(Comparator.comparingDouble(Pair::distance)).orElseThrow();
  }

  /** The rank of the second of two siblings compares them. */
  private List<Pair> compare(int layer, List<Integer> lineages) {
    List<Siblings> pairs = pairs(layer, lineages);
    double[] sums = new double[SUMS * pairs.size()];
    try (PointerScope scope = new PointerScope()) {
      Map<Siblings, List<Tensor>> firsts = firsts(layer, pairs);
      decoder
          .team()
          .run(member -> {
            int end = Share.end(pairs.size(), member);
            for (int i = Share.start(pairs.size(), member); i < end; i++) {
              List<Tensor> first = firsts.get(pairs.get(i));
              if (first != null) {
                double[] ofPair = sums(first, own(layer, pairs.get(i).second()));
                System.arraycopy(ofPair, 0, sums, SUMS * i, SUMS);
              }
            }
          });
    }
    double[] all = ranks.sum(sums);
    return IntStream.range(0, pairs.size())
        .mapToObj(i ->
            Pair.of(
                pairs.get(i).first(),
                pairs.get(i).second(),
                Arrays.copyOfRange(all, SUMS * i, SUMS * (i + 1))))
        .toList();
  }

  /**
   * Two experts of a layer that are compared.
   *
   * @param from the rank that holds the first
   * @param to the rank that holds the second
   */
  private record Siblings(int first, int second, int from, int to) {

    boolean apart() {
      return from != to;
    }
  }

  private List<Siblings> pairs(int layer, List<Integer> lineages) {
    List<Siblings> pairs = new ArrayList<>();
    for (int second = 1; second < lineages.size(); second++) {
      int first = lineages.subList(0, second).lastIndexOf(lineages.get(second));
      if (first >= 0) {
        pairs.add(
            new Siblings(
                first, second, decoder.holder(layer, first), decoder.holder(layer, second)));
      }
    }
    return pairs;
  }

  private List<Tensor> own(int layer, int expert) {
    return Objects.requireNonNull(Objects.requireNonNull(held.get(layer)).get(expert));
  }

  /**
   * The first of each pair whose second this process holds. Those that are held by others come from
   * there, those of one layer at a time.
   */
  private Map<Siblings, List<Tensor>> firsts(int layer, List<Siblings> pairs) {
    Map<Siblings, List<Tensor>> firsts = new HashMap<>();
    for (Siblings pair : pairs) {
      if (pair.to() == ranks.rank()) {
        firsts.put(pair, pair.apart() ? new ArrayList<>() : own(layer, pair.first()));
      }
    }
    if (ranks.size() > 1) {
      int any = Objects.requireNonNull(held.get(layer)).firstKey();
      for (int part = 0; part < own(layer, any).size(); part++) {
        lend(layer, pairs, part, own(layer, any).get(part).numel(), firsts);
      }
    }
    return firsts;
  }

  /** Sends one of its tensors where a second is held, and takes those for the seconds here. */
  private void lend(
      int layer,
      List<Siblings> pairs,
      int part,
      long elements,
      Map<Siblings, List<Tensor>> firsts) {
    int me = ranks.rank();
    List<Siblings> lent =
        pairs.stream()
            .filter(pair -> pair.apart() && pair.from() == me)
            .sorted(Comparator.comparing(Siblings::to))
            .toList();
    List<Siblings> borrowed =
        pairs.stream()
            .filter(pair -> pair.apart() && pair.to() == me)
            .sorted(Comparator.comparing(Siblings::from))
            .toList();
    long[] sent = new long[ranks.size()];
    long[] received = new long[ranks.size()];
    TensorVector tensors = new TensorVector(torch.zeros(0));
    for (Siblings pair : lent) {
      tensors.push_back(own(layer, pair.first()).get(part).reshape(-1));
      sent[pair.to()] += elements;
    }
    borrowed.forEach(pair -> received[pair.from()] += elements);
    Tensor there = torch.zeros(elements * borrowed.size());
    ranks.exchange(torch.cat(tensors), sent, there, received);
    for (int i = 0; i < borrowed.size(); i++) {
      Objects.requireNonNull(firsts.get(borrowed.get(i)))
          .add(there.narrow(0, i * elements, elements));
    }
  }

  private static double[] sums(List<Tensor> first, List<Tensor> second) {
    double[] sums = new double[SUMS];
    for (int part = 0; part < first.size(); part++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor a = first.get(part).reshape(-1);
        Tensor b = second.get(part).reshape(-1);
        Tensor difference = a.sub(b);
        sums[0] += torch.dot(a, a).item_double();
        sums[1] += torch.dot(b, b).item_double();
        sums[2] += torch.dot(a, b).item_double();
        sums[3] += torch.dot(difference, difference).item_double();
      }
    }
    return sums;
  }
}
