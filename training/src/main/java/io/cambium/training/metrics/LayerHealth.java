package io.cambium.training.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * The state of a routing layer on all held-out text together.
 *
 * @param balance of its experts' load
 * @param routerEntropy of the router's scores as shares of their sum, in nats, mean over the
 *     tokens: 0 where it is sure, ln E where all experts are the same to it
 * @param siblings of a grown layer; absent where nothing grew
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LayerHealth(Balance balance, double routerEntropy, @Nullable Siblings siblings) {

  /**
   * Whether the experts that descend from one have become experts of their own. Weights are
   * compared between each sibling and the next of its lineage.
   *
   * @param lineages how many the layer has
   * @param coselection share of tokens that choose two experts of one lineage
   * @param distinctLineages that a token's choice belongs to, mean over the tokens; at most K
   * @param cosine between the weights of siblings, mean over the pairs
   * @param distance between the weights of the two nearest siblings, relative to their norm
   * @param nearest those two
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Siblings(
      int lineages,
      double coselection,
      double distinctLineages,
      double cosine,
      double distance,
      List<Integer> nearest) {

    public Siblings {
      nearest = List.copyOf(nearest);
    }
  }
}
