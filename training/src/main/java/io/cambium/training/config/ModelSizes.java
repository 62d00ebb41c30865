package io.cambium.training.config;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.MixtureForm;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model that nobody has trained: the sizes that a new config.json needs.
 *
 * @param family the model_type
 * @param layers in all
 * @param denseLayers the first ones, which have no experts; all of them make a dense model
 * @param routeEvery of the others each how many-th has experts: 2 for layers that alternate
 * @param heads of queries
 * @param kvHeads of keys and values, a divisor of them
 * @param headDim size of a head
 * @param experts routed ones in a layer
 * @param topK how many of them a token visits
 * @param ffn width of an expert
 * @param denseFfn width of a layer without experts
 * @param shared experts that every token visits
 * @param context longest sequence
 * @param tied one matrix for input and output embeddings
 * @param qkNorm whether queries and keys are normalised, head by head
 */
public record ModelSizes(
    String family,
    int hidden,
    int layers,
    int denseLayers,
    int routeEvery,
    int heads,
    int kvHeads,
    int headDim,
    int experts,
    int topK,
    int ffn,
    int denseFfn,
    int shared,
    int context,
    boolean tied,
    boolean qkNorm) {

  public static final ModelSizes DEFAULT =
      new ModelSizes("glm4_moe", 128, 4, 1, 1, 4, 2, 32, 8, 2, 256, 512, 1, 2048, false, false);

  private static final double NORM_EPS = 1e-5;
  private static final double ROPE_THETA = 10_000;

  public ModelSizes {
    Range.atLeastOne("layers", layers);
    Range.atLeastOne("route_every", routeEvery);
  }

  /**
   * The config.json.
   *
   * @param vocabulary tokens
   * @throws UsageException if the family has no such model
   */
  public ObjectNode config(int vocabulary) {
    try {
      return Families.named(family).newConfig(decoder(vocabulary), context);
    } catch (CheckpointException | IllegalArgumentException | ArithmeticException e) {
      throw new UsageException(
          null, "no " + family + " has these sizes: " + e.getMessage(), null, e);
    }
  }

  /** The same with another number of experts. */
  public ModelSizes withExperts(int count) {
    return new ModelSizes(
        family,
        hidden,
        layers,
        denseLayers,
        routeEvery,
        heads,
        kvHeads,
        headDim,
        count,
        topK,
        ffn,
        denseFfn,
        shared,
        context,
        tied,
        qkNorm);
  }

  private DecoderSpec decoder(int vocabulary) {
    return DecoderSpec.plain(
        vocabulary,
        hidden,
        NORM_EPS,
        tied,
        GroupedQuery.plain(
            heads,
            kvHeads,
            headDim,
            false,
            qkNorm ? HeadNorm.PER_HEAD : HeadNorm.NONE,
            family.equals("glm4_moe")
                ? Rope.overHalf(ROPE_THETA, headDim)
                : new Rope(ROPE_THETA, headDim)),
        feedForwards());
  }

  private List<FeedForward> feedForwards() {
    return IntStream.range(0, layers)
        .<FeedForward>mapToObj(layer ->
            layer >= denseLayers && (layer - denseLayers + 1) % routeEvery == 0
                ? mixture()
                : new Dense(denseFfn))
        .toList();
  }

  private Mixture mixture() {
    MixtureForm form = Families.named(family).mixtureForm();
    Router router = form == null ? new Router(Score.SIGMOID, true, true, 1) : form.router();
    return new Mixture(experts, topK, ffn, Math.multiplyExact(ffn, shared), router);
  }
}
