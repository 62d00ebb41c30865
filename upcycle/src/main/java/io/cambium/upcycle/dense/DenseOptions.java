package io.cambium.upcycle.dense;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.dense.expert.ExpertInitialisation;
import io.cambium.upcycle.dense.router.RouterInitialisation;
import io.cambium.upcycle.engine.Engine;
import java.util.List;
import java.util.Optional;

/**
 * How to make experts of dense blocks, as method 4 defines it.
 *
 * @param copies of the dense block in each layer that routes
 * @param topK how many of them a token visits
 * @param granularity into how many experts each copy is cut (virtual groups, arXiv 2410.07524)
 * @param layers which layers get experts
 * @param sharedExpert whether the block becomes a shared expert as well, at half weight
 * @param experts how the copies differ
 * @param router where its rows come from
 * @param family the model_type to write; empty for the first that fits
 * @param runsOn engines that have to run it; none for a router by which only Cambium chooses
 * @param seed of everything drawn
 * @param overwrite whether an existing target may be replaced
 */
public record DenseOptions(
    int copies,
    int topK,
    int granularity,
    LayerChoice layers,
    boolean sharedExpert,
    ExpertInitialisation experts,
    RouterInitialisation router,
    Optional<String> family,
    List<Engine> runsOn,
    long seed,
    boolean overwrite) {

  private static final int MAX_EXPERTS = 1 << 16;

  public DenseOptions {
    runsOn = List.copyOf(runsOn);
    require(
        copies >= 2 && copies <= MAX_EXPERTS,
        "experts",
        copies + " copies of a dense block are no sound mixture",
        "name 2 to " + MAX_EXPERTS);
    require(
        topK >= 1 && topK <= copies,
        "top-k",
        topK + " of " + copies + " experts cannot be chosen",
        "name 1 to " + copies);
    require(
        granularity >= 1 && (long) copies * granularity <= MAX_EXPERTS,
        "granularity",
        granularity + " makes no sound number of experts of " + copies + " copies",
        "name 1 to " + MAX_EXPERTS / copies);
    require(
        granularity == 1 || router.selection(seed).isEmpty(),
        "router",
        router.name() + " chooses experts one by one, not the shards of a copy together",
        "leave out --granularity");
    require(
        runsOn.isEmpty() || router.selection(seed).isEmpty(),
        "runs-on",
        Engine.joined(runsOn)
            + " would not choose experts as the router "
            + router.name()
            + " does",
        "leave it out, since only Cambium runs such a model, or take another --router");
    experts.requireFits(copies, granularity);
  }

  /** Engines that have to run a result with such a router where nobody has said which. */
  public static List<Engine> defaultEngines(RouterInitialisation router) {
    return router.selection(0).isPresent() ? List.of() : Engine.DEFAULT;
  }

  /** Routed experts in a layer. */
  int experts_N() {
    return copies * granularity;
  }

  /** Experts that a token visits. */
  int activeExperts() {
    return topK * granularity;
  }

  static UsageException invalid(String option, String what, String remedy) {
    return new UsageException("option " + option, what, remedy);
  }

  private static void require(boolean valid, String option, String what, String remedy) {
    if (!valid) {
      throw invalid(option, what, remedy);
    }
  }
}
