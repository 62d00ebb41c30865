package io.cambium.upcycle.growth;

import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;

/**
 * What a selection bias becomes. A softmax shares one whole among all experts: with m siblings each
 * every score is an m-th of what it was, and the bias beside it has to shrink as well. Where counts
 * differ, the scores shrink by another factor for each token, and no bias fits (docs/grow.md).
 */
final class SelectionBias {

  private SelectionBias() {}

  /** What the source's bias is multiplied by. */
  static double factor(Mixture source, Lineages lineages) {
    return shrinks(source.router()) && lineages.isUniform() ? 1.0 / lineages.siblings(0) : 1;
  }

  /** Whether experts are chosen as they were, whatever else the mode does. */
  static boolean fits(Mixture source, Lineages lineages) {
    return !shrinks(source.router()) || lineages.isUniform();
  }

  private static boolean shrinks(Router router) {
    return router.selectionBias() && router.score() == Score.SOFTMAX;
  }
}
