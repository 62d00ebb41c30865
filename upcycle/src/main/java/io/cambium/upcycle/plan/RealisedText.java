package io.cambium.upcycle.plan;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Manifest.Distances;
import io.cambium.checkpoint.Manifest.Realised;
import java.util.Collection;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** How far copies of a dense block, or replicas of an expert, are apart, for people. */
public final class RealisedText {

  private RealisedText() {}

  /** What a manifest says of it, in one line; empty where nothing was measured. */
  public static Optional<String> of(Manifest manifest) {
    return manifest.realised().map(realised -> text(realised, manifest));
  }

  private static String text(Realised realised, Manifest manifest) {
    boolean grown = !manifest.growth().isEmpty();
    Collection<Integer> layers =
        grown
            ? manifest.growth().getLast().parents().keySet()
            : Objects.requireNonNull(manifest.sparse()).layers();
    String matrices =
        realised.matrices().entrySet().stream()
            .map(matrix -> matrix.getKey() + " " + text(matrix.getValue(), grown))
            .collect(Collectors.joining("; "));
    return realised.layers().size() == layers.size()
        ? matrices
        : matrices + " (measured in layer " + realised.layers().getFirst() + " alone)";
  }

  private static String text(Distances distances, boolean grown) {
    return String.format(
        Locale.ROOT,
        "%.2g from the %s%s, %.1f %% of weights changed",
        distances.fromBlock(),
        grown ? "parent" : "block",
        distances.betweenCopies() == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ", %.2g from the %s before",
                distances.betweenCopies(),
                grown ? "replica" : "copy"),
        100 * distances.changed());
  }
}
