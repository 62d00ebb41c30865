package io.cambium.model;

import io.cambium.checkpoint.CounterRandom;
import io.cambium.checkpoint.Manifest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How experts are chosen. Plain top-K is what other engines know; {@link Cold} and {@link Lineage}
 * belong to a growth step that is still being released, {@link Hash} to a model whose routers do
 * not learn.
 */
public sealed interface SelectionRule {

  /** The K best of score + bias. */
  SelectionRule PLAIN = new Plain();

  /** Plain top-K. */
  record Plain() implements SelectionRule {}

  /**
   * Replicas' selection scores are lowered.
   *
   * @param holdBack by how much
   * @param replicas per routing layer, the experts it concerns
   */
  record Cold(double holdBack, Map<Integer, List<Integer>> replicas) implements SelectionRule {}

  /**
   * The best sibling stands for its lineage; the others are lowered. Scores come from a mixture of
   * a replica's own logit and its lineage's mean. Where a softmax's weights are not normalised, r
   * siblings would share their parent's: there the scores are {@code r^(1-a) softmax(z - (1-a) ln
   * r)}, a the share of the own logit.
   *
   * @param ownLogit share of the own logit, 0 to 1
   * @param siblingPenalty what the others are lowered by, in spans of the scores: one for sigmoid
   *     scores, and for a softmax what lies between a token's largest and smallest score; infinite
   *     at first
   * @param parents per routing layer, the lineage of each expert
   */
  record Lineage(double ownLogit, double siblingPenalty, Map<Integer, List<Integer>> parents)
      implements SelectionRule {}

  /**
   * Experts by a fixed function of the token's id (Hash Layers, arXiv 2106.04426), with equal
   * weights: the choice of K is uniform for each id, and each layer's is another. Loads are even
   * over the vocabulary, as far as chance makes them, and not over text, where a frequent token
   * brings all its occurrences to the same experts. Groups, biases and the losses on the router
   * mean nothing to it.
   *
   * @param seed of the function
   */
  record Hash(long seed) implements SelectionRule {

    /** The experts of each token, slots of a token side by side, [T*K]. */
    int[] choose(long[] ids_T, int layer, int experts, int topK) {
      CounterRandom random = CounterRandom.of(seed, "hash routing, layer " + layer);
      int[] choice = new int[ids_T.length * topK];
      for (int t = 0; t < ids_T.length; t++) {
        choose(random, ids_T[t], experts, choice, t * topK, (t + 1) * topK);
      }
      return choice;
    }

    /** Distinct numbers below the experts into {@code [from, to)} (Floyd's sampling). */
    private static void choose(
        CounterRandom random, long id, int experts, int[] choice, int from, int to) {
      for (int slot = from; slot < to; slot++) {
        int last = experts - to + slot;
        int drawn = (int) (random.uniform(id * (to - from) + slot - from) * (last + 1));
        boolean taken = Arrays.stream(choice, from, slot).anyMatch(e -> e == drawn);
        choice[slot] = taken ? last : drawn;
      }
    }
  }

  /**
   * The rule under which a checkpoint computes what its manifest promises. A {@code cold} one is
   * plain: its hold-back is in the written bias.
   */
  static SelectionRule of(Manifest manifest) {
    Manifest.Selection selection = manifest.selection();
    if (selection == null) {
      return PLAIN;
    }
    return switch (selection.mode()) {
      case COLD -> PLAIN;
      case LINEAGE -> lineage(selection, manifest.growth().getLast());
      case HASH -> new Hash(Objects.requireNonNull(selection.hashSeed()));
    };
  }

  private static Lineage lineage(Manifest.Selection selection, Manifest.Growth growth) {
    Double penalty = selection.siblingPenalty();
    return new Lineage(
        selection.ownLogit(),
        penalty == null ? Double.POSITIVE_INFINITY : penalty,
        growth.parents());
  }
}
