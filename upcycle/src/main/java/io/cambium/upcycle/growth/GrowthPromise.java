package io.cambium.upcycle.growth;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Replicas;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.plan.StepZero;
import io.cambium.upcycle.plan.StepZero.Exact;
import io.cambium.upcycle.plan.StepZero.NotExact;
import io.cambium.upcycle.plan.StepZero.SourceAtTopK;
import java.util.Collection;

/** What a grown model computes before it is trained further (method 3). */
final class GrowthPromise {

  private GrowthPromise() {}

  /** What the options promise for a layer such as this one. */
  static StepZero of(
      GrowthOptions options, Mixture source, DType routerType, Collection<Lineages> layers) {
    boolean copiedRows = options.rows() == Rows.COPY;
    if (options.mode() == Mode.COLD) {
      return new Exact();
    }
    if (options.mode() == Mode.LINEAGE) {
      return copiedRows || routerType == DType.F32
          ? new Exact()
          : new NotExact("rows that differ are rounded to " + routerType);
    }
    if (!copiedRows) {
      return new NotExact("the siblings' rows differ, and mode " + options.mode() + " uses them");
    }
    if (options.replicas() == Replicas.DROP) {
      return new NotExact("redrawn replicas are chosen from the first step on");
    }
    if (options.biasNoise() > 0) {
      return new NotExact("bias noise decides which siblings share the token's slots");
    }
    return options.mode() == Mode.WIDE ? new Exact() : flat(source, layers);
  }

  private static StepZero flat(Mixture source, Collection<Lineages> layers) {
    int topK = source.topK();
    if (topK == 1) {
      return new Exact();
    }
    if (!layers.stream().allMatch(Lineages::isUniform)) {
      return new NotExact("siblings share a token's slots, and some have more than others");
    }
    int m = layers.iterator().next().siblings(0);
    if (topK % m != 0) {
      return new NotExact(m + " siblings share a token's " + topK + " slots unevenly");
    }
    return source.router().normalised()
        ? new SourceAtTopK(topK / m)
        : new NotExact("weights that are not normalised add up over siblings");
  }
}
