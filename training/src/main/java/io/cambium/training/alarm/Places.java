package io.cambium.training.alarm;

import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** Layers and experts in words. */
final class Places {

  private Places() {}

  /** {@code layer 1: experts 3, 5; layer 2: expert 0}. */
  static String text(SortedMap<Integer, List<Integer>> where) {
    return where.entrySet().stream()
        .map(place -> "layer " + place.getKey() + ": " + experts(place.getValue()))
        .collect(Collectors.joining("; "));
  }

  private static String experts(List<Integer> experts) {
    return experts.stream()
        .map(String::valueOf)
        .collect(Collectors.joining(", ", experts.size() == 1 ? "expert " : "experts ", ""));
  }
}
