package io.cambium.model;

import io.cambium.checkpoint.Manifest;
import java.util.List;
import java.util.Map;

/**
 * How experts are chosen from their scores. Anything but plain top-K belongs to a growth step that
 * is still being released (method 3a).
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
   * @param sourceExperts experts below this index are originals
   */
  record Cold(double holdBack, int sourceExperts) implements SelectionRule {}

  /**
   * The best sibling stands for its lineage; the others are lowered. Scores come from a mixture of
   * a replica's own logit and its lineage's mean.
   *
   * @param ownLogit share of the own logit, 0 to 1
   * @param siblingPenalty what the others are lowered by; infinite at first
   * @param parents per routing layer, the lineage of each expert
   */
  record Lineage(double ownLogit, double siblingPenalty, Map<Integer, List<Integer>> parents)
      implements SelectionRule {}

  /**
   * The rule under which a checkpoint computes what its manifest promises. A {@code cold} one is
   * plain: its hold-back is in the written bias.
   */
  static SelectionRule of(Manifest manifest) {
    Manifest.Selection selection = manifest.selection();
    if (selection == null || !selection.mode().equals("lineage")) {
      return PLAIN;
    }
    Double penalty = selection.siblingPenalty();
    return new Lineage(
        selection.ownLogit(),
        penalty == null ? Double.POSITIVE_INFINITY : penalty,
        manifest.growth().getLast().parents());
  }
}
