package io.cambium.upcycle;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.upcycle.GrowthOptions.Mode;
import io.cambium.upcycle.GrowthOptions.Replicas;
import io.cambium.upcycle.GrowthOptions.Rows;
import java.util.Collection;

/** What a grown model computes before it is trained further (method 3). */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "promise")
public sealed interface StepZero {

  /** The source's function. */
  record Exact() implements StepZero {
    @Override
    public String toString() {
      return "exact: the logits equal the source's";
    }
  }

  /** The function of the source with fewer experts per token. */
  record SourceAtTopK(int topK) implements StepZero {
    @Override
    public String toString() {
      return "not the source's function: equals the source evaluated with top-" + topK;
    }
  }

  /** Neither, for a reason. */
  record NotExact(String reason) implements StepZero {
    @Override
    public String toString() {
      return "not exact: " + reason;
    }
  }

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
