package io.cambium.upcycle.growth;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import java.util.ArrayList;
import java.util.List;

/** What a user should know before growing that way. */
final class GrowthWarnings {

  private GrowthWarnings() {}

  static List<String> of(
      GrowthOptions options, Router router, DType routerType, List<String> directionWarnings) {
    List<String> warnings = new ArrayList<>(directionWarnings);
    boolean equalRows = options.rows() == Rows.COPY;
    boolean equalExperts = options.replicas().isCopy();
    if (options.mode() == Mode.LINEAGE && equalRows) {
      warnings.add(
          "siblings with equal router rows cannot part in mode lineage: one of them gets all"
              + " tokens of its lineage; rows split or antithetic differ by token");
    }
    if (options.mode() != Mode.LINEAGE && equalRows && equalExperts && options.biasNoise() == 0) {
      warnings.add(
          router.selectionBias()
              ? "replicas are exact copies with their parents' router rows: once they are chosen,"
                  + " only the balancer's bias steps part them; drop the replicas or add bias noise"
              : "replicas are exact copies with their parents' router rows, and this family's router"
                  + " has no selection bias for noise that would part them; drop the replicas or"
                  + " take other rows");
    }
    if (!equalRows && routerType != DType.F32) {
      warnings.add(
          "the router is " + routerType + ": its rows are computed in fp32 and rounded to that");
    }
    return List.copyOf(warnings);
  }
}
