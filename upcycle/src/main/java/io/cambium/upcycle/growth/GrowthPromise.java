package io.cambium.upcycle.growth;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec.GroupScore;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.StepZero.Exact;
import io.cambium.upcycle.plan.StepZero.NotExact;
import io.cambium.upcycle.plan.StepZero.SourceAtTopK;
import java.util.Collection;

/** What a grown model computes before it is trained further (docs/grow.md). */
final class GrowthPromise {

  private GrowthPromise() {}

  /** What the options promise for a layer such as this one. */
  static StepZero of(
      GrowthOptions options, Mixture source, DType routerType, Collection<Lineages> layers) {
    if (!layers.stream().allMatch(lineages -> SelectionBias.fits(source, lineages))) {
      return new NotExact(
          "a softmax gives every expert less where there are more, by a factor that unequal counts"
              + " change from token to token, and no selection bias follows that");
    }
    return switch (options.mode()) {
      case COLD -> cold(options, source);
      case LINEAGE -> lineage(options, routerType);
      case WIDE, FLAT -> together(options, source, layers);
    };
  }

  private static StepZero cold(GrowthOptions options, Mixture source) {
    return options.rows() == Rows.COPY || source.router().score() != Score.SOFTMAX
        ? new Exact()
        : new NotExact(
            "a softmax gives the originals what replicas with rows of their own leave of it");
  }

  private static StepZero lineage(GrowthOptions options, DType routerType) {
    return options.rows() == Rows.COPY || routerType == DType.F32
        ? new Exact()
        : new NotExact("rows that differ are rounded to " + routerType);
  }

  /** Siblings are chosen together from the first step on. */
  private static StepZero together(
      GrowthOptions options, Mixture source, Collection<Lineages> layers) {
    if (options.rows() != Rows.COPY) {
      return new NotExact("the siblings' rows differ, and mode " + options.mode() + " uses them");
    }
    if (!options.replicas().isCopy()) {
      return new NotExact("replicas that differ are chosen from the first step on");
    }
    if (options.biasNoise() > 0) {
      return new NotExact("bias noise decides which siblings share the token's slots");
    }
    return options.mode() == Mode.WIDE ? new Exact() : flat(source, layers);
  }

  private static StepZero flat(Mixture source, Collection<Lineages> layers) {
    Router router = source.router();
    if (router.groups().count() > 1 && router.groups().score() == GroupScore.BEST_TWO) {
      return new NotExact("siblings take both of the places that a group is judged by");
    }
    boolean shares = router.score() == Score.SOFTMAX && !router.normalised();
    int topK = source.topK();
    if (topK == 1) {
      return shares
          ? new NotExact("siblings share a weight of which only one of them brings its part")
          : new Exact();
    }
    if (!layers.stream().allMatch(Lineages::isUniform)) {
      return new NotExact("siblings share a token's slots, and some have more than others");
    }
    int m = layers.iterator().next().siblings(0);
    if (topK % m != 0) {
      return new NotExact(m + " siblings share a token's " + topK + " slots unevenly");
    }
    if (router.weightsInput()) {
      return new NotExact("siblings are weighted on their inputs, and their outputs add up");
    }
    return router.normalised() || shares
        ? new SourceAtTopK(topK / m)
        : new NotExact("weights that are not normalised add up over siblings");
  }
}
