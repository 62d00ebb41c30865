package io.cambium.upcycle.dense.router;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Row i points to what the router is given of domain i: the mean of its inputs over the domain's
 * tokens, minus the mean of all domains' means, with the length that a row of {@link Normal} has on
 * average. So a token of a domain prefers that domain's copy from the first step on. Of several
 * models, whose mean nobody has run yet, the mean of their inputs stands for the inputs of their
 * mean.
 *
 * @param deviation of the rows it takes the length from, deviation * sqrt(D)
 * @param domains tokens of each; of more than there are copies, the first are taken
 */
record Centroid(double deviation, SequencedMap<String, List<TokenIds>> domains)
    implements RouterInitialisation {

  /** Below this share of the mean's length, a difference between domains is rounding. */
  private static final double ROUNDING = 1e-6;

  @Override
  public String name() {
    return "centroid";
  }

  @Override
  public Formula rows(int layer, int copies_E, int size_D, long seed) {
    return new Formula.Scaled(
        new Formula.Copy(Directions.rows(layer, copies_E, size_D)), deviation * Math.sqrt(size_D));
  }

  @Override
  public Directions directions(
      List<SourceCheckpoint> trunk, List<Integer> layers, int copies_E, ModelRunner runner) {
    List<String> names = List.copyOf(domains.sequencedKeySet());
    if (names.size() < copies_E) {
      throw new UsageException(
          "option router",
          "centroid needs a domain for each of %d copies, and --data has %d%s"
              .formatted(
                  copies_E, names.size(), names.isEmpty() ? "" : ": " + String.join(", ", names)),
          "give --data DIR with more domains, or fewer --experts");
    }
    List<String> warnings = new ArrayList<>();
    if (names.size() > copies_E) {
      warnings.add("domains without a copy: " + names.subList(copies_E, names.size()));
    }
    if (trunk.size() > 1) {
      warnings.add(
          "the router's rows follow the mean of what the blocks of all %d models are given: near"
                  .formatted(trunk.size())
              + " what those of their mean are given, and not the same");
    }
    List<List<TokenIds>> chosen = domains.sequencedValues().stream().limit(copies_E).toList();
    List<List<SortedMap<Integer, double[]>>> byModel =
        trunk.stream().map(model -> runner.blockInputMeans(model.runnable(), chosen)).toList();
    SortedMap<Integer, float[]> layers_ED = new TreeMap<>();
    for (int layer : layers) {
      List<double[]> means_ED =
          IntStream.range(0, copies_E).mapToObj(e -> mean(byModel, e, layer)).toList();
      layers_ED.put(layer, directions(means_ED, layer, names));
    }
    return Directions.ofRows(layers_ED, trunk.getFirst().decoder().hiddenSize(), warnings);
  }

  /** Of what a layer's block is given of a domain, over the models [D]. */
  private static double[] mean(
      List<List<SortedMap<Integer, double[]>>> byModel, int domain, int layer) {
    return mean(
        byModel.stream()
            .map(means -> Objects.requireNonNull(means.get(domain).get(layer)))
            .toList());
  }

  private static double[] mean(List<double[]> vectors_D) {
    double[] mean_D = new double[vectors_D.getFirst().length];
    for (double[] vector_D : vectors_D) {
      for (int k = 0; k < mean_D.length; k++) {
        mean_D[k] += vector_D[k] / vectors_D.size();
      }
    }
    return mean_D;
  }

  /** Unit vectors from the mean of all to each, [E, D]. */
  private static float[] directions(List<double[]> means_ED, int layer, List<String> names) {
    int size_D = means_ED.getFirst().length;
    double[] centre_D = mean(means_ED);
    float[] rows_ED = new float[means_ED.size() * size_D];
    for (int e = 0; e < means_ED.size(); e++) {
      double[] away_D = means_ED.get(e).clone();
      for (int k = 0; k < size_D; k++) {
        away_D[k] -= centre_D[k];
      }
      double length = norm(away_D);
      if (!(length > ROUNDING * norm(centre_D))) {
        throw new CheckpointException(
            "layer " + layer,
            "is given the same of domain \"" + names.get(e) + "\" as of all, or nothing finite",
            "give --data domains that differ, or take --router normal");
      }
      for (int k = 0; k < size_D; k++) {
        rows_ED[e * size_D + k] = (float) (away_D[k] / length);
      }
    }
    return rows_ED;
  }

  private static double norm(double[] vector) {
    double squares = 0;
    for (double value : vector) {
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  @Override
  public Map<String, Double> parameters() {
    return Map.of("routerDeviation", deviation);
  }
}
