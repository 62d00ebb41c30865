package io.cambium.lab.analysis;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.training.metrics.Balance;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What a checkpoint's experts do with held-out text (docs/analyse.md).
 *
 * @param checkpoint as the user names it
 * @param length tokens of a sequence
 * @param loss of each domain, nats per token
 * @param layers those that route
 * @param against what changed since an earlier checkpoint; absent where none was given
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Analysis(
    String checkpoint,
    String family,
    long tokens,
    int length,
    SequencedMap<String, Double> loss,
    List<Layer> layers,
    @Nullable Against against) {

  /**
   * A routing layer.
   *
   * @param layer index in the model
   * @param load tokens that chose each expert
   * @param balance of that load over the experts in play: replicas that a growth still holds back
   *     do not count
   * @param entropy of the router's scores as shares of their sum, in nats, mean over the tokens: 0
   *     where it is sure, ln E where all experts are the same to it
   * @param domains which experts serve which domain
   * @param tokenClasses which experts serve which class of tokens
   * @param vocabulary which experts serve which token of the vocabulary
   * @param together [E][E] tokens that chose two experts together; on the diagonal, the load
   * @param siblings of a grown layer; absent where nothing grew
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Layer(
      int layer,
      int experts,
      int topK,
      long[] load,
      Balance balance,
      double entropy,
      Specialisation domains,
      Specialisation tokenClasses,
      Vocabulary vocabulary,
      long[][] together,
      Similarity similarity,
      @Nullable Siblings siblings) {}

  /**
   * The earlier checkpoint.
   *
   * @param loss its loss on the same text
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Against(
      String checkpoint, SequencedMap<String, Double> loss, List<LayerChange> layers) {}

  /**
   * What changed in a routing layer.
   *
   * @param ancestors for each expert, that of the earlier checkpoint which it is or descends from
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record LayerChange(
      int layer, List<Integer> ancestors, Saturation saturation, Change change) {}
}
