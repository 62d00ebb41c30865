package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DenseSettings;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.runner.TokenIds;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of upcycling a dense model. */
final class DenseArguments {

  /** For the help text. */
  static final class Initialisations implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return ExpertInitialisations.names().iterator();
    }
  }

  /** Likewise. */
  static final class Routers implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return RouterInitialisations.names().iterator();
    }
  }

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "How many copies of a block a token visits (default: 2).")
  private int topK = DenseSettings.DEFAULT.topK();

  @Option(
      names = "--granularity",
      paramLabel = "G",
      description =
          "Cut each copy into G experts, which a token visits together at first (default: 1).")
  private int granularity = DenseSettings.DEFAULT.granularity();

  @Option(
      names = "--layers",
      paramLabel = "LAYERS",
      description = "Which layers get experts: indices or slices, as 0,4,8 or 1::2 (default: all).")
  private String layers = DenseSettings.DEFAULT.layers();

  @Option(
      names = "--shared-expert",
      description = "The block becomes a shared expert as well, at half weight.")
  private boolean sharedExpert;

  @Option(
      names = "--init",
      paramLabel = "INIT",
      completionCandidates = Initialisations.class,
      description = "How copies differ: ${COMPLETION-CANDIDATES} (default: copy).")
  private String init = DenseSettings.DEFAULT.init();

  @Option(
      names = "--noise",
      paramLabel = "S",
      description =
          "Standard deviation of duplicate-noise, as a share of the matrix's own (default: 0.01).")
  private @Nullable Double noise;

  @Option(
      names = "--svd-share",
      paramLabel = "P",
      description = "Share of the squared singular values that svd keeps (default: 0.9).")
  private @Nullable Double svdShare;

  @Option(
      names = "--router",
      paramLabel = "ROUTER",
      completionCandidates = Routers.class,
      description =
          "Where its rows come from: ${COMPLETION-CANDIDATES} (default: normal). centroid needs"
              + " --data.")
  private String router = DenseSettings.DEFAULT.router();

  @Option(
      names = "--router-std",
      paramLabel = "S",
      description = "Standard deviation of the router's rows (default: 0.02).")
  private @Nullable Double routerStd;

  @Option(
      names = "--family",
      paramLabel = "TYPE",
      description = "The model_type to write (default: the first that fits).")
  private @Nullable String family;

  @Option(
      names = "--source",
      paramLabel = "SOURCE",
      description =
          "One of several models of one kind, instead of SOURCE: copy i comes of the i-th, round"
              + " and round.")
  private List<String> sources = new ArrayList<>();

  @Option(
      names = "--base",
      paramLabel = "INDEX",
      description =
          "Which of several models, from 0, gives all weights but experts (default: their mean).")
  private @Nullable Integer base;

  List<String> sources() {
    return sources;
  }

  /**
   * The models.
   *
   * @param models those of {@link #sources()}, or the one that is named without an option
   */
  DenseSources sources(List<CheckpointSource> models) {
    if (base != null && models.size() == 1) {
      throw new UsageException(
          "option base", "chooses among several models", "give --source twice or more");
    }
    return new DenseSources(models, base == null ? OptionalInt.empty() : OptionalInt.of(base));
  }

  /** Whether the router needs tokens of each domain. */
  boolean needsDomains() {
    return DenseSettings.needsDomains(router);
  }

  /**
   * The rest.
   *
   * @param runsOn what was said of it
   * @param domains tokens of each, where they are needed
   */
  DenseOptions options(
      int experts,
      @Nullable Double dropRate,
      Optional<List<Engine>> runsOn,
      SequencedMap<String, List<TokenIds>> domains,
      long seed,
      boolean overwrite) {
    return new DenseSettings(
            experts,
            topK,
            granularity,
            layers,
            sharedExpert,
            init,
            noise,
            dropRate,
            svdShare,
            router,
            routerStd,
            family)
        .options(runsOn, domains, seed, overwrite);
  }
}
