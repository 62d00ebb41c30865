package io.cambium.upcycle.growth;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which expert of a grown layer descends from which. The first of each lineage is the original, the
 * others are its replicas.
 *
 * @param counts per source expert, how many it becomes [E]
 * @param parents per grown expert, the source expert it descends from [N]
 */
record Lineages(List<Integer> counts, List<Integer> parents) {

  /** Originals keep their indices; replicas follow round by round, in their parents' order. */
  static Lineages byRounds(List<Integer> counts) {
    int rounds = counts.stream().mapToInt(Integer::intValue).max().orElseThrow();
    List<Integer> parents = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      for (int parent = 0; parent < counts.size(); parent++) {
        if (counts.get(parent) > round) {
          parents.add(parent);
        }
      }
    }
    return new Lineages(List.copyOf(counts), List.copyOf(parents));
  }

  /** Each original with its replicas behind it, so that a lineage stays in its group of experts. */
  static Lineages sideBySide(List<Integer> counts) {
    List<Integer> parents = new ArrayList<>();
    for (int parent = 0; parent < counts.size(); parent++) {
      parents.addAll(Collections.nCopies(counts.get(parent), parent));
    }
    return new Lineages(List.copyOf(counts), List.copyOf(parents));
  }

  int sourceExperts() {
    return counts.size();
  }

  int experts() {
    return parents.size();
  }

  boolean isReplica(int expert) {
    return parents.indexOf(parents.get(expert)) < expert;
  }

  /** How many siblings, itself included, a grown expert has. */
  int siblings(int expert) {
    return counts.get(parents.get(expert));
  }

  /** The grown experts of one lineage, the original first. */
  List<Integer> of(int parent) {
    return IntStream.range(0, experts()).filter(e -> parents.get(e) == parent).boxed().toList();
  }

  /**
   * Per grown expert a factor, evenly spread over each lineage from 1 - delta to 1 + delta: the
   * mean over siblings is one.
   */
  List<Double> factors(double delta) {
    Double[] factors = new Double[experts()];
    for (int parent = 0; parent < sourceExperts(); parent++) {
      List<Integer> siblings = of(parent);
      for (int j = 0; j < siblings.size(); j++) {
        double place = siblings.size() == 1 ? 0 : 2.0 * j / (siblings.size() - 1) - 1;
        factors[siblings.get(j)] = 1 + delta * place;
      }
    }
    return List.of(factors);
  }

  boolean isUniform() {
    return counts.stream().distinct().count() == 1;
  }
}
