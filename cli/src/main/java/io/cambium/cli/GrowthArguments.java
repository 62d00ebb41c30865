package io.cambium.cli;

import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Replicas;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of upcycling a model that has experts. */
final class GrowthArguments {

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = {
        "How experts are chosen at first (default: cold):",
        "  cold: replicas are held back until training releases them; exact in any engine",
        "  lineage: siblings stand for one expert until training releases them; exact",
        "  wide: as many more experts per token; exact, and slower",
        "  flat: plain top-K at once; not exact"
      })
  private Mode mode = Mode.COLD;

  @Option(
      names = "--rows",
      paramLabel = "ROWS",
      description =
          "Router rows of siblings: copy; antithetic: apart in random directions; split: apart"
              + " along what the expert is given, from --data; temperature: sharper and softer"
              + " (default: split in mode lineage, else copy).")
  private @Nullable Rows rows;

  @Option(
      names = "--row-delta",
      paramLabel = "D",
      description = "How far rows are apart, relative to their norm (default: 0.6).")
  private @Nullable Double rowDelta;

  @Option(
      names = "--bias-noise",
      paramLabel = "B",
      description =
          "Uniform noise within -B and B on the replicas' selection bias (default: 0.001 in mode"
              + " flat, else 0).")
  private @Nullable Double biasNoise;

  @Option(
      names = "--replicas",
      paramLabel = "KIND",
      description = "Weights of replicas: copy; drop: some neurons drawn anew (default: copy).")
  private Replicas replicas = Replicas.COPY;

  @Option(
      names = "--counts",
      paramLabel = "FILE",
      description =
          "How many experts each becomes, as JSON: [r_0, r_1, ...] for all layers, or"
              + " {\"layer\": [...]} (default: as equal as N allows).")
  private @Nullable Path counts;

  @Option(
      names = "--moments",
      paramLabel = "KIND",
      description =
          "Optimizer moments: copy; scale: over r and r squared of r siblings; reset: zeros"
              + " throughout (default: copy).")
  private Moments moments = Moments.COPY;

  GrowthOptions options(
      int experts, @Nullable Double dropRate, List<Engine> runsOn, long seed, boolean overwrite) {
    return GrowthOptions.to(experts)
        .mode(mode)
        .rows(rows)
        .rowDelta(rowDelta)
        .biasNoise(biasNoise)
        .replicas(replicas)
        .dropRate(dropRate)
        .counts(counts == null ? new Counts.Uniform() : Counts.read(counts))
        .moments(moments)
        .runsOn(runsOn)
        .seed(seed)
        .overwrite(overwrite)
        .build();
  }
}
