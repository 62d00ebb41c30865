package io.cambium.upcycle.plan;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Realised;
import io.cambium.checkpoint.Manifest.SparseUpcycling;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** How far copies of a dense block are apart, for people. */
public final class RealisedText {

  private RealisedText() {}

  /** What a manifest says of it, in one line; empty where nothing was measured. */
  public static Optional<String> of(Manifest manifest) {
    SparseUpcycling sparse = manifest.sparse();
    return sparse == null || sparse.realised() == null
        ? Optional.empty()
        : Optional.of(text(sparse.realised(), sparse.layers()));
  }

  private static String text(Realised realised, List<Integer> layers) {
    String matrices =
        realised.matrices().entrySet().stream()
            .map(matrix -> matrix.getKey() + " " + text(matrix.getValue()))
            .collect(Collectors.joining("; "));
    return realised.layers().equals(layers)
        ? matrices
        : matrices + " (measured in layer " + realised.layers().getFirst() + " alone)";
  }

  private static String text(Distances distances) {
    return String.format(
        Locale.ROOT,
        "%.2g from the block, %.2g from each other, %.1f %% of weights changed",
        distances.fromBlock(),
        distances.betweenCopies(),
        100 * distances.changed());
  }
}
