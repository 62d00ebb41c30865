package io.cambium.cli;

import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import java.util.Iterator;
import java.util.Optional;
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
      completionCandidates = Initialisations.class,
      description = "How copies differ: ${COMPLETION-CANDIDATES} (default: copy).")
  private String init = "copy";

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
      names = "--router-std",
      paramLabel = "S",
      description = "Standard deviation of the router's rows (default: 0.02).")
  private double routerDeviation = Normal.DEFAULT.deviation();

  @Option(
      names = "--family",
      paramLabel = "TYPE",
      description = "The model_type to write (default: the first that fits).")
  private @Nullable String family;

  DenseOptions options(int experts, @Nullable Double dropRate, long seed, boolean overwrite) {
    return new DenseOptions(
        experts,
        topK,
        granularity,
        new LayerChoice(layers),
        sharedExpert,
        ExpertInitialisations.named(init, new Parameters(noise, dropRate, svdShare)),
        new Normal(routerDeviation),
        Optional.ofNullable(family),
        seed,
        overwrite);
  }
}
