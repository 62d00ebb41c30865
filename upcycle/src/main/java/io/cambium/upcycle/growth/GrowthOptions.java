package io.cambium.upcycle.growth;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.growth.replica.ReplicaInitialisation;
import io.cambium.upcycle.growth.replica.ReplicaInitialisations;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How to grow a model, as docs/grow.md describes it. {@link #to} gives a builder with the defaults.
 *
 * @param experts routed experts per layer afterwards
 * @param mode how K of them are chosen at first
 * @param rows how siblings' router rows differ
 * @param rowDelta by how much, relative to the row's norm; 0 for copied rows
 * @param biasNoise half-width of the uniform noise on the replicas' selection bias
 * @param biasNoiseAsked whether somebody asked for it; else a router without a selection bias goes
 *     without
 * @param replicas how the replicas' weights differ from their parent's, and how much
 * @param counts how many experts each source expert becomes
 * @param moments what becomes of the optimizer's moments
 * @param runsOn engines that have to run the result
 * @param seed of everything drawn
 * @param overwrite whether an existing target may be replaced
 */
public record GrowthOptions(
    int experts,
    Mode mode,
    Rows rows,
    double rowDelta,
    double biasNoise,
    boolean biasNoiseAsked,
    ReplicaInitialisation replicas,
    Counts counts,
    Moments moments,
    List<Engine> runsOn,
    long seed,
    boolean overwrite) {

  /** How the grown model chooses its experts at first (docs/grow.md). */
  public enum Mode {
    /** Top-K over all experts, from the first step on. Siblings share a lineage's slots. */
    FLAT,
    /** The best sibling of each lineage, then top-K over lineages; exact, relaxed in training. */
    LINEAGE,
    /** Replicas are held back by their selection bias; exact everywhere, released in training. */
    COLD,
    /** m times the experts and m times as many per token. */
    WIDE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The siblings' router rows. */
  public enum Rows {
    /** Every sibling has its parent's row. */
    COPY,
    /** Random directions that cancel out over the siblings. */
    ANTITHETIC,
    /** Along the principal components of what the expert is given; needs calibration tokens. */
    SPLIT,
    /** Times factors evenly apart around one: sharper and softer siblings. */
    TEMPERATURE,
    /** Replicas' rows plus noise of their own, relative to the row's norm. An ablation. */
    PERTURB_NEW,
    /** Replicas' rows turned, each in a direction orthogonal to it. An ablation. */
    ORTHOGONAL,
    /** Replicas' rows between their parent's and another expert's. An ablation. */
    INTERPOLATE;

    /** Whether they part along directions that are computed first. */
    boolean haveDirections() {
      return this == ANTITHETIC || this == SPLIT;
    }

    /** Whether a lineage's rows add up to what equal ones would, so that its mean logit stays. */
    boolean keepTheMean() {
      return switch (this) {
        case COPY, ANTITHETIC, SPLIT, TEMPERATURE -> true;
        case PERTURB_NEW, ORTHOGONAL, INTERPOLATE -> false;
      };
    }

    /** Whether originals have the rows that they had. */
    boolean keepOriginals() {
      return this == COPY || !keepTheMean();
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** The optimizer's moments of experts and router rows. */
  public enum Moments {
    /** Every sibling has its parent's. */
    COPY,
    /** Zeros, for the whole model (Expert Upcycling, arXiv 2604.19835). */
    RESET,
    /**
     * The first over r and the second over r squared, since each sibling sees 1/r of the tokens.
     */
    SCALE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final double ROW_DELTA = 0.6;
  private static final double FLAT_BIAS_NOISE = 1e-3;

  public GrowthOptions {
    runsOn = List.copyOf(runsOn);
    require(experts >= 2, "experts", experts + " is no number to grow to", null);
    require(
        rowDelta >= 0 && rowDelta < 1e6, "row-delta", rowDelta + " is no positive number", null);
    require(biasNoise >= 0 && biasNoise < 1e6, "bias-noise", biasNoise + " is below zero", null);
    require(
        rows == Rows.COPY ? rowDelta == 0 : rowDelta > 0,
        "row-delta",
        rowDelta + " does not go with rows " + rows,
        "copied rows take none, others a positive one");
    require(
        rows != Rows.TEMPERATURE || rowDelta < 1,
        "row-delta",
        rowDelta + " would turn rows around",
        "rows temperature take less than 1");
    require(
        rows != Rows.INTERPOLATE && rows != Rows.ORTHOGONAL || rowDelta <= 1,
        "row-delta",
        rowDelta + " would be more than the whole way",
        "rows " + rows + " take at most 1");
    require(
        mode != Mode.LINEAGE || biasNoise == 0,
        "bias-noise",
        "would pick one sibling for all tokens in mode lineage",
        "leave it out: rows that differ part the siblings");
    require(
        mode != Mode.LINEAGE || replicas.isCopy(),
        "replicas",
        replicas.name()
            + " in mode lineage would let siblings that differ stand for their lineage from the"
            + " first step on",
        "use mode cold, which holds them back and then releases them");
    require(
        mode != Mode.LINEAGE || rows.keepTheMean(),
        "rows",
        rows + " do not add up to the parent's, by which mode lineage chooses",
        "take split, antithetic or temperature, or mode cold");
    require(
        mode != Mode.COLD || rows.keepOriginals(),
        "rows",
        rows + " would change the originals' rows, which mode cold keeps as they are",
        "use mode lineage, or copied rows");
  }

  /** Whether growing needs tokens, beside those that logits are compared on. */
  public boolean needsTokens() {
    return rows == Rows.SPLIT || replicas.needsGradients();
  }

  /** The same for a router: without noise that has no place and that nobody asked for. */
  GrowthOptions fitting(Router router) {
    return biasNoiseAsked || biasNoise == 0 || router.selectionBias()
        ? this
        : new GrowthOptions(
            experts, mode, rows, rowDelta, 0, false, replicas, counts, moments, runsOn, seed,
            overwrite);
  }

  /** Options with every default of growing to so many experts. */
  public static Builder to(int experts) {
    return new Builder(experts);
  }

  static UsageException invalid(String option, String what, @Nullable String remedy) {
    return new UsageException("growth option " + option, what, remedy);
  }

  private static void require(boolean valid, String option, String what, @Nullable String remedy) {
    if (!valid) {
      throw invalid(option, what, remedy);
    }
  }

  /** Collects what a user has said; null stands for the default. */
  public static final class Builder {

    private final int experts;
    private Mode mode = Mode.COLD;
    private @Nullable Rows rows;
    private @Nullable Double rowDelta;
    private @Nullable Double biasNoise;
    private String replicas = ReplicaInitialisations.COPY.name();
    private @Nullable Double replicaAmount;
    private Counts counts = new Counts.Uniform();
    private Moments moments = Moments.COPY;
    private List<Engine> runsOn = List.of();
    private long seed;
    private boolean overwrite;

    private Builder(int experts) {
      this.experts = experts;
    }

    public Builder mode(Mode value) {
      mode = value;
      return this;
    }

    /** By default split in mode lineage, copied in the others. */
    public Builder rows(@Nullable Rows value) {
      rows = value;
      return this;
    }

    /** By default 0.6 for rows that differ. */
    public Builder rowDelta(@Nullable Double value) {
      rowDelta = value;
      return this;
    }

    /** By default 0.001 in mode flat if the router has a selection bias, else none. */
    public Builder biasNoise(@Nullable Double value) {
      biasNoise = value;
      return this;
    }

    /** By the names of {@link ReplicaInitialisations}; copies by default. */
    public Builder replicas(String name) {
      replicas = name;
      return this;
    }

    /** By default that of the replicas' initialisation. */
    public Builder replicaAmount(@Nullable Double value) {
      replicaAmount = value;
      return this;
    }

    public Builder counts(Counts value) {
      counts = value;
      return this;
    }

    public Builder moments(Moments value) {
      moments = value;
      return this;
    }

    /** By default none: every engine's verdict is in the plan, and none is insisted on. */
    public Builder runsOn(List<Engine> value) {
      runsOn = value;
      return this;
    }

    public Builder seed(long value) {
      seed = value;
      return this;
    }

    public Builder overwrite(boolean value) {
      overwrite = value;
      return this;
    }

    /**
     * The options, complete.
     *
     * @throws UsageException if one is invalid or does not go with another
     */
    public GrowthOptions build() {
      Rows chosenRows = rows != null ? rows : mode == Mode.LINEAGE ? Rows.SPLIT : Rows.COPY;
      return new GrowthOptions(
          experts,
          mode,
          chosenRows,
          or(rowDelta, chosenRows == Rows.COPY ? 0 : ROW_DELTA),
          or(biasNoise, mode == Mode.FLAT ? FLAT_BIAS_NOISE : 0),
          biasNoise != null,
          ReplicaInitialisations.named(replicas, replicaAmount),
          counts,
          moments,
          runsOn,
          seed,
          overwrite);
    }

    private static double or(@Nullable Double value, double otherwise) {
      return value == null ? otherwise : value;
    }
  }
}
