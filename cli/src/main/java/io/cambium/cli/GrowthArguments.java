package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.growth.replica.ReplicaInitialisations;
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
              + " along what the expert is given, from --data; temperature: sharper and softer;"
              + " perturb-new, orthogonal, interpolate: replicas' rows noisy, turned, or mixed"
              + " with another's (default: split in mode lineage, else copy).")
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
              + " flat if the router has one, else 0).")
  private @Nullable Double biasNoise;

  @Option(
      names = "--replicas",
      paramLabel = "KIND",
      description =
          "Weights of replicas: copy; drop: some neurons drawn anew; or, to compare with,"
              + " interpolate, orthogonal, scaled, svd-mix, sparse-code, perturb-new or adversarial"
              + " (default: copy).")
  private String replicas = ReplicaInitialisations.COPY.name();

  @Option(
      names = "--replica-amount",
      paramLabel = "A",
      description =
          "How far replicas go from their parent, above 0 and at most 1; what it is a share of"
              + " depends on the kind (default: the kind's own).")
  private @Nullable Double replicaAmount;

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
        .replicaAmount(amount(dropRate))
        .counts(counts == null ? new Counts.Uniform() : Counts.read(counts))
        .moments(moments)
        .runsOn(runsOn)
        .seed(seed)
        .overwrite(overwrite)
        .build();
  }

  /** The drop rate, which a dense model's blocks take too, is the amount of dropped replicas. */
  private @Nullable Double amount(@Nullable Double dropRate) {
    if (dropRate != null && (replicaAmount != null || !replicas.equals("drop"))) {
      throw new UsageException(
          "--drop-rate",
          "is the amount of --replicas drop, beside "
              + (replicaAmount != null ? "--replica-amount" : "--replicas " + replicas),
          "leave it out");
    }
    return dropRate == null ? replicaAmount : dropRate;
  }
}
