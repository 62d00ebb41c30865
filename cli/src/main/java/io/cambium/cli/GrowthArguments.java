package io.cambium.cli;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.growth.Counts;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Moments;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import io.cambium.upcycle.growth.replica.ReplicaInitialisations;
import io.cambium.upcycle.utility.CountRule;
import io.cambium.upcycle.utility.ExpertScores;
import io.cambium.upcycle.utility.Score;
import io.cambium.upcycle.utility.UtilityCounts;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
      paramLabel = "COUNTS",
      description = {
        "How many experts each becomes (default: as equal as N allows):",
        "  greedy: the best by --scores get copies up to a cap, then the next",
        "  proportional: further copies in proportion to the scores",
        "  sampled: further copies drawn, with the scores as weights",
        "  FILE: JSON, [r_0, r_1, ...] for all layers, or {\"layer\": [...]}"
      })
  private @Nullable String counts;

  @Option(
      names = "--scores",
      paramLabel = "FILE",
      description = "Scores of the experts, from `cambium score`.")
  private @Nullable Path scores;

  @Option(
      names = "--score",
      paramLabel = "NAME",
      description = "Which of them (default: grad_squared): ${COMPLETION-CANDIDATES}.")
  private @Nullable Score score;

  @Option(
      names = "--count-cap",
      paramLabel = "N",
      description =
          "Further copies that greedy gives one expert at most (default: 3 times those per"
              + " expert).")
  private @Nullable Integer countCap;

  @Option(
      names = "--moments",
      paramLabel = "KIND",
      description =
          "Optimizer moments: copy; scale: over r and r squared of r siblings; reset: zeros"
              + " throughout (default: copy).")
  private Moments moments = Moments.COPY;

  /**
   * The options, complete.
   *
   * @param source the model that grows
   */
  GrowthOptions options(
      CheckpointSource source,
      int experts,
      @Nullable Double dropRate,
      List<Engine> runsOn,
      long seed,
      boolean overwrite) {
    return GrowthOptions.to(experts)
        .mode(mode)
        .rows(rows)
        .rowDelta(rowDelta)
        .biasNoise(biasNoise)
        .replicas(replicas)
        .replicaAmount(amount(dropRate))
        .counts(counts(source, seed))
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

  private Counts counts(CheckpointSource source, long seed) {
    Optional<CountRule.Kind> rule =
        Arrays.stream(CountRule.Kind.values())
            .filter(kind -> kind.toString().equals(counts))
            .findFirst();
    if (rule.isPresent()) {
      return byScores(new CountRule(rule.get(), cap(), seed), source);
    }
    if (scores != null || score != null || countCap != null) {
      throw new UsageException(
          "--scores, --score, --count-cap",
          "mean nothing without a rule that turns scores into counts",
          "give --counts greedy, proportional or sampled");
    }
    return counts == null ? new Counts.Uniform() : Counts.read(Path.of(counts));
  }

  private int cap() {
    if (countCap != null && countCap < 1) {
      throw new UsageException("--count-cap", "is " + countCap, "give 1 or more");
    }
    return countCap == null ? 0 : countCap;
  }

  private Counts byScores(CountRule rule, CheckpointSource source) {
    if (scores == null) {
      throw new UsageException(
          "--counts " + rule.kind(), "follows scores", "give --scores FILE, from `cambium score`");
    }
    ExpertScores all = ExpertScores.read(scores);
    try (CheckpointDirectory model = CheckpointDirectory.open(source)) {
      all.requireOf(model, scores);
    }
    return new Counts.ByUtility(
        UtilityCounts.of(rule, score == null ? Score.GRAD_SQUARED : score, all));
  }
}
