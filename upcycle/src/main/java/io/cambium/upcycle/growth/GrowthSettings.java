package io.cambium.upcycle.growth;

import io.cambium.checkpoint.Manifest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a growth step does, for people. */
final class GrowthSettings {

  private GrowthSettings() {}

  static SequencedMap<String, String> of(
      Manifest.Growth growth,
      Manifest.@Nullable Selection selection,
      Counts counts,
      SortedMap<Integer, Lineages> layers,
      int sourceTopK,
      int topK,
      boolean hasMoments) {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    settings.put(
        "experts",
        "%d -> %d in each of %d layers, top-%d%s"
            .formatted(
                growth.sourceExperts(),
                growth.targetExperts(),
                layers.size(),
                sourceTopK,
                topK == sourceTopK ? " stays" : " -> top-" + topK));
    switch (counts) {
      case Counts.ByUtility(var utility) -> {
        settings.put("counts", utility.describe(growth.sourceExperts(), growth.targetExperts()));
        layers.forEach((layer, lineages) ->
            settings.put("layer " + layer, utility.reasons(layer, lineages.counts())));
      }
      default -> settings.put("counts", counts(layers));
    }
    settings.put(
        "mode",
        growth.mode() + (selection == null ? "" : amount("hold-back", selection.holdBack())));
    settings.put("rows", growth.rows() + amount("delta", growth.rowDelta()));
    settings.put(
        "replicas",
        growth.replicas()
            + amount("amount", growth.replicaAmount())
            + amount("bias noise", growth.biasNoise()));
    settings.put("moments", hasMoments ? growth.moments() : "no training state");
    settings.put("seed", Long.toString(growth.seed()));
    return settings;
  }

  /** Layers with the same counts together. */
  private static String counts(SortedMap<Integer, Lineages> layers) {
    Map<List<Integer>, List<Integer>> layersByCounts = new LinkedHashMap<>();
    layers.forEach((layer, lineages) ->
        layersByCounts.computeIfAbsent(lineages.counts(), _ -> new ArrayList<>()).add(layer));
    return layersByCounts.entrySet().stream()
        .map(same -> "layers " + joined(same.getValue()) + ": " + joined(same.getKey()))
        .collect(Collectors.joining("; "));
  }

  private static String joined(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  private static String amount(String name, double value) {
    return value == 0 ? "" : ", " + name + " " + value;
  }
}
