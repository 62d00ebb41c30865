package io.cambium.lab.analysis;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/** Which expert of an earlier checkpoint an expert descends from, or is. */
final class Descent {

  private Descent() {}

  /**
   * The ancestor of each expert of a layer: the expert itself where the number is the same, else by
   * the growth steps of the manifest.
   *
   * @param earlier the number of experts of the earlier checkpoint
   * @throws UsageException if no growth step began with so many
   */
  static List<Integer> of(Path checkpoint, Manifest manifest, int layer, int experts, int earlier) {
    List<Integer> ancestors = IntStream.range(0, experts).boxed().toList();
    if (experts == earlier) {
      return ancestors;
    }
    for (Manifest.Growth growth : manifest.growth().reversed()) {
      List<Integer> parents = Objects.requireNonNull(growth.parents().get(layer));
      ancestors = ancestors.stream().map(parents::get).toList();
      if (growth.sourceExperts() == earlier) {
        return ancestors;
      }
    }
    throw new UsageException(
        checkpoint,
        "has %d experts in layer %d, and its manifest knows no growth from %d"
            .formatted(experts, layer, earlier),
        "compare it with a checkpoint of the same run, or with the one it grew from; the later one"
            + " comes first");
  }
}
