package io.cambium.cli;

import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of upcycling a dense model. */
final class DenseArguments {

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "How many copies of a block a token visits (default: 2).")
  private int topK = 2;

  @Option(
      names = "--granularity",
      paramLabel = "G",
      description =
          "Cut each copy into G experts, which a token visits together at first (default: 1).")
  private int granularity = 1;

  @Option(
      names = "--layers",
      paramLabel = "LAYERS",
      description = "Which layers get experts: indices or slices, as 0,4,8 or 1::2 (default: all).")
  private String layers = LayerChoice.ALL.text();

  @Option(
      names = "--shared-expert",
      description = "The block becomes a shared expert as well, at half weight.")
  private boolean sharedExpert;

  @Option(
      names = "--init",
      paramLabel = "INIT",
      description = "How copies differ: copy, drop (default: copy).")
  private String init = "copy";

  @Option(
      names = "--router-std",
      paramLabel = "S",
      description = "Standard deviation of the router's rows (default: 0.02).")
  private double routerDeviation = Normal.DEFAULT.deviation();

  @Option(
      names = "--family",
      paramLabel = "TYPE",
      description = "The model_type to write (default: the first that fits).")
  private @Nullable String family;

  DenseOptions options(
      int experts, @Nullable Double dropRate, List<Engine> runsOn, long seed, boolean overwrite) {
    return new DenseOptions(
        experts,
        topK,
        granularity,
        new LayerChoice(layers),
        sharedExpert,
        ExpertInitialisations.named(
            init, dropRate == null ? Parameters.DEFAULT : new Parameters(dropRate)),
        new Normal(routerDeviation),
        Optional.ofNullable(family),
        runsOn,
        seed,
        overwrite);
  }
}
