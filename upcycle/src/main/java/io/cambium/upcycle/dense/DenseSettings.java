package io.cambium.upcycle.dense;

import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.router.RouterInitialisation;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.runner.TokenIds;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * How to make experts of dense blocks, in the words of users: options and settings files.
 *
 * @param experts copies of each block
 * @param topK how many of them a token visits
 * @param granularity into how many experts each copy is cut
 * @param layers which layers get experts, such as {@code 1::2}
 * @param sharedExpert whether the dense block goes on as a shared expert
 * @param init how copies differ
 * @param noise of duplicate-noise; null for the default, as for all below
 * @param dropRate of drop
 * @param svdShare of svd
 * @param router where its rows come from
 * @param routerStd standard deviation of rows that are drawn
 * @param family the model_type to write
 */
public record DenseSettings(
    int experts,
    int topK,
    int granularity,
    String layers,
    boolean sharedExpert,
    String init,
    @Nullable Double noise,
    @Nullable Double dropRate,
    @Nullable Double svdShare,
    String router,
    @Nullable Double routerStd,
    @Nullable String family) {

  /** What is not said otherwise. */
  public static final DenseSettings DEFAULT =
      new DenseSettings(
          8, 2, 1, LayerChoice.ALL.text(), false, "copy", null, null, null, "normal", null, null);

  /** Whether the router's rows are made of text of each domain. */
  public static boolean needsDomains(String router) {
    return router.equals("centroid");
  }

  /**
   * The same with another number of routed experts in a layer, in which there are {@code
   * granularity} of each copy; empty where they make no whole copies.
   */
  public Optional<DenseSettings> withRoutedExperts(int count) {
    return count % granularity == 0
        ? Optional.of(withCopies(count / granularity))
        : Optional.empty();
  }

  private DenseSettings withCopies(int copies) {
    return new DenseSettings(
        copies,
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
        family);
  }

  /**
   * What they mean.
   *
   * @param runsOn engines that have to run the result; empty for those of the router
   * @param domains tokens of each, where the router {@link #needsDomains}
   * @throws io.cambium.checkpoint.UsageException if a name is not known, or values do not fit
   */
  public DenseOptions options(
      Optional<List<Engine>> runsOn,
      SequencedMap<String, List<TokenIds>> domains,
      long seed,
      boolean overwrite) {
    RouterInitialisation rows = RouterInitialisations.named(router, routerStd, domains);
    return new DenseOptions(
        experts,
        topK,
        granularity,
        new LayerChoice(layers),
        sharedExpert,
        ExpertInitialisations.named(
            init, new ExpertInitialisations.Parameters(noise, dropRate, svdShare)),
        rows,
        Optional.ofNullable(family),
        runsOn.orElseGet(() -> DenseOptions.defaultEngines(rows)),
        seed,
        overwrite);
  }
}
