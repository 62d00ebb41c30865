package io.cambium.upcycle.growth;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.utility.UtilityCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How many experts each source expert becomes, itself included. */
public sealed interface Counts {

  /**
   * As equal as the numbers allow, in each group of experts that the router knows; what is left
   * over goes to the lowest indices of the group.
   */
  record Uniform() implements Counts {}

  /** The same counts in every layer that routes. */
  record Everywhere(List<Integer> counts) implements Counts {
    public Everywhere {
      counts = List.copyOf(counts);
    }
  }

  /** Counts by layer index. */
  record ByLayer(SortedMap<Integer, List<Integer>> counts) implements Counts {
    public ByLayer {
      counts = Collections.unmodifiableSortedMap(new TreeMap<>(counts));
    }
  }

  /** As a rule makes them of the experts' scores. */
  record ByUtility(UtilityCounts utility) implements Counts {}

  /**
   * Reads a JSON file: a list of counts for all layers, or an object from layer index to list.
   *
   * @throws UsageException if it holds something else
   */
  static Counts read(Path file) {
    try {
      JsonNode json = Json.MAPPER.readTree(Files.readAllBytes(file));
      return switch (json) {
        case ArrayNode list -> new Everywhere(counts(list, file));
        case ObjectNode object -> byLayer(object, file);
        default -> throw malformed(file, "holds neither a list nor an object");
      };
    } catch (JacksonException e) {
      throw new UsageException(file, "is not valid JSON: " + e.getOriginalMessage(), null, e);
    } catch (IOException e) {
      throw new UsageException(file, "cannot be read: " + e, null, e);
    }
  }

  private static Counts byLayer(ObjectNode object, Path file) {
    SortedMap<Integer, List<Integer>> layers = new TreeMap<>();
    object.forEachEntry((key, list) -> layers.put(layer(key, file), counts(list, file)));
    return new ByLayer(layers);
  }

  private static int layer(String key, Path file) {
    if (!key.matches("0|[1-9][0-9]{0,8}")) {
      throw malformed(file, "has the key \"" + key + "\", which is no layer index");
    }
    return Integer.parseInt(key);
  }

  private static List<Integer> counts(JsonNode list, Path file) {
    List<Integer> counts = new ArrayList<>();
    for (JsonNode count : list) {
      if (!count.isInt()) {
        throw malformed(file, "has the count " + count + ", which is no whole number");
      }
      counts.add(count.intValue());
    }
    return counts;
  }

  private static UsageException malformed(Path file, String what) {
    return new UsageException(
        file, what, "write [r_0, r_1, ...] or {\"layer\": [r_0, r_1, ...], ...}");
  }

  /**
   * The counts of every layer that routes, checked.
   *
   * @param layers indices of those layers
   * @param experts number of source experts
   * @param target number of experts after growing
   * @param groups of experts that the router chooses first, equal before and after
   * @throws UsageException if a layer is missing or unknown, a count below 1, or a sum wrong
   */
  default SortedMap<Integer, List<Integer>> resolve(
      List<Integer> layers, int experts, int target, int groups) {
    if (target % groups != 0) {
      throw GrowthOptions.invalid(
          "experts",
          target + " cannot be divided into the " + groups + " groups that the router chooses from",
          "name a multiple of " + groups);
    }
    SortedMap<Integer, List<Integer>> resolved = new TreeMap<>();
    switch (this) {
      case Uniform() -> {
        List<Integer> ofGroup = uniform(experts / groups, target / groups);
        List<Integer> counts =
            IntStream.range(0, experts).mapToObj(e -> ofGroup.get(e % ofGroup.size())).toList();
        layers.forEach(layer -> resolved.put(layer, counts));
      }
      case Everywhere(var counts) -> layers.forEach(layer -> resolved.put(layer, counts));
      case ByLayer(var counts) -> resolved.putAll(counts);
      case ByUtility(var utility) ->
          resolved.putAll(utility.resolve(layers, experts, target, groups));
    }
    if (!List.copyOf(resolved.keySet()).equals(layers)) {
      throw invalid("name the layers " + resolved.keySet() + ", but the model routes in " + layers);
    }
    resolved.forEach((layer, counts) -> {
      require(layer, counts, experts, target);
      requireEqualGroups(layer, counts, groups);
    });
    return resolved;
  }

  private static List<Integer> uniform(int experts, int target) {
    return IntStream.range(0, experts)
        .mapToObj(e -> target / experts + (e < target % experts ? 1 : 0))
        .toList();
  }

  private static void require(int layer, List<Integer> counts, int experts, int target) {
    if (counts.size() != experts) {
      throw invalid("of layer " + layer + " are " + counts.size() + " for " + experts + " experts");
    }
    if (counts.stream().anyMatch(count -> count < 1)) {
      throw invalid("of layer " + layer + " hold one below 1: " + counts);
    }
    long sum = counts.stream().mapToLong(Integer::longValue).sum();
    if (sum != target) {
      throw invalid("of layer " + layer + " add up to " + sum + ", not to " + target + " experts");
    }
  }

  private static void requireEqualGroups(int layer, List<Integer> counts, int groups) {
    int each = counts.size() / groups;
    List<Integer> sums =
        IntStream.range(0, groups)
            .mapToObj(g -> counts.subList(g * each, (g + 1) * each))
            .map(group -> group.stream().mapToInt(Integer::intValue).sum())
            .toList();
    if (sums.stream().distinct().count() > 1) {
      throw GrowthOptions.invalid(
          "counts",
          "of layer " + layer + " make groups of " + sums + " experts, which must be equal",
          "let the counts of every group of " + each + " add up to the same number");
    }
  }

  private static UsageException invalid(String what) {
    return GrowthOptions.invalid("counts", what, "every source expert keeps at least itself");
  }
}
