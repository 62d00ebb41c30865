package io.cambium.upcycle.growth;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CounterRandom;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.ledger.Directions;
import io.cambium.upcycle.runner.InputMoments;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The directions of all siblings' router rows. */
final class RowDirections {

  /** Below this share of the inputs' mean square, a component's variance is rounding. */
  private static final double ROUNDING = 1e-9;

  private RowDirections() {}

  /**
   * Directions for rows that differ.
   *
   * @param moments what every source expert is given; empty for {@link Rows#ANTITHETIC}
   */
  static Directions compute(
      GrowthOptions options,
      SortedMap<Integer, Lineages> layers,
      int size_D,
      List<InputMoments> moments) {
    Map<String, InputMoments> byExpert = new HashMap<>();
    moments.forEach(m -> byExpert.put(m.layer() + "." + m.expert(), m));
    SortedMap<Integer, float[]> layers_ND = new TreeMap<>();
    List<String> warnings = new ArrayList<>();
    layers.forEach((layer, lineages) -> {
      float[] rows_ND = new float[Math.multiplyExact(lineages.experts(), size_D)];
      for (int parent = 0; parent < lineages.sourceExperts(); parent++) {
        List<Integer> siblings = lineages.of(parent);
        if (siblings.size() > 1) {
          String key = layer + "." + parent;
          CounterRandom random = CounterRandom.of(options.seed(), "directions." + key);
          double[][] directions_rD =
              options.rows() == Rows.SPLIT
                  ? split(moments(byExpert, key, size_D), siblings.size(), random, warnings)
                  : SiblingDirections.antithetic(siblings.size(), size_D, random);
          place(directions_rD, siblings, rows_ND);
        }
      }
      layers_ND.put(layer, rows_ND);
    });
    return Directions.ofRows(layers_ND, size_D, warnings);
  }

  private static InputMoments moments(Map<String, InputMoments> all, String key, int size_D) {
    InputMoments moments = all.get(key);
    if (moments == null || moments.mean_D().length != size_D) {
      throw new IllegalStateException("the model runner gave no moments of expert " + key);
    }
    if (!Arrays.stream(moments.covariance_DD()).allMatch(Double::isFinite)) {
      throw new CheckpointException(
          "layer " + moments.layer() + " expert " + moments.expert(),
          "is given inputs that are not finite",
          "the model has diverged: grow an earlier checkpoint");
    }
    return moments;
  }

  private static double[][] split(
      InputMoments moments, int siblings, CounterRandom random, List<String> warnings) {
    int size_D = moments.mean_D().length;
    int components = SiblingDirections.componentsFor(siblings);
    Optional<List<double[]>> leading =
        PrincipalComponents.leading(
            moments.covariance_DD(), size_D, components, ROUNDING * meanSquare(moments));
    if (leading.isEmpty()) {
      warnings.add(
          "layer %d expert %d got %d calibration tokens, too few for %d principal components: its %d"
                  .formatted(
                      moments.layer(), moments.expert(), moments.tokens(), components, siblings)
              + " siblings get random antithetic directions instead");
    }
    return leading
        .map(components_qD -> SiblingDirections.split(siblings, components_qD))
        .orElseGet(() -> SiblingDirections.antithetic(siblings, size_D, random));
  }

  /** Mean over the inputs of their squared length: the trace of the covariance, and |mean|^2. */
  private static double meanSquare(InputMoments moments) {
    double square = 0;
    double[] mean_D = moments.mean_D();
    for (int k = 0; k < mean_D.length; k++) {
      square += mean_D[k] * mean_D[k] + moments.covariance_DD()[k * mean_D.length + k];
    }
    return square;
  }

  private static void place(double[][] directions_rD, List<Integer> siblings, float[] rows_ND) {
    for (int j = 0; j < siblings.size(); j++) {
      double[] direction_D = directions_rD[j];
      for (int k = 0; k < direction_D.length; k++) {
        rows_ND[siblings.get(j) * direction_D.length + k] = (float) direction_D[k];
      }
    }
  }
}
