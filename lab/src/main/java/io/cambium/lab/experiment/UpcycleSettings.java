package io.cambium.lab.experiment;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.YamlSettings;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.router.RouterInitialisation;
import io.cambium.upcycle.dense.router.RouterInitialisations;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * How an arm makes experts of a dense model: the options of {@code cambium upcycle} under their own
 * names.
 *
 * @param experts copies of each block
 * @param topK how many of them a token visits
 * @param granularity into how many experts each copy is cut
 * @param layers which layers get experts, such as {@code 1::2}
 * @param init how copies differ
 * @param noise of duplicate-noise; null for the default, as for all below
 * @param dropRate of drop
 * @param svdShare of svd
 * @param router where its rows come from: normal or hash
 * @param family the model_type to write
 */
record UpcycleSettings(
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

  private static final UpcycleSettings DEFAULT =
      new UpcycleSettings(
          8, 2, 1, LayerChoice.ALL.text(), false, "copy", null, null, null, "normal", null, null);

  private static final UpcycleSettings EXAMPLE =
      new UpcycleSettings(8, 2, 1, "1::2", false, "drop", .1, .5, .9, "normal", .02, "mixtral");

  /**
   * Reads a section.
   *
   * @throws UsageException naming the setting, below {@code upcycle}
   */
  static UpcycleSettings of(ObjectNode section) {
    UpcycleSettings settings = incomplete(section);
    settings.options(0);
    return settings;
  }

  /** Settings of which others may still be replaced: keys and types are checked. */
  static UpcycleSettings incomplete(ObjectNode section) {
    return YamlSettings.over(DEFAULT, EXAMPLE, section);
  }

  /**
   * The same with another number of routed experts in a layer, in which there are {@code
   * granularity} of each copy; empty where they make no whole copies.
   */
  Optional<UpcycleSettings> withRoutedExperts(int count) {
    return count % granularity == 0
        ? Optional.of(withCopies(count / granularity))
        : Optional.empty();
  }

  private UpcycleSettings withCopies(int copies) {
    return new UpcycleSettings(
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

  DenseOptions options(long seed) {
    if (router.equals("centroid")) {
      throw new UsageException(
          "router",
          "centroid needs text of each domain, which an arm does not have",
          "make the model with `cambium upcycle --router centroid`, and name it as the arm's model");
    }
    RouterInitialisation rows =
        RouterInitialisations.named(router, routerStd, new LinkedHashMap<>());
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
        DenseOptions.defaultEngines(rows),
        seed,
        false);
  }
}
