package io.cambium.checkpoint.family;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a decoder computes, free of any family's key names: the parts, and how they are put
 * together. The model module composes a network from it and the planner counts with it.
 *
 * @param layers from the first to the last
 */
public record DecoderSpec(
    int vocabSize,
    int hiddenSize,
    boolean tiedEmbeddings,
    Norms norms,
    Scales scales,
    List<Layer> layers) {

  public DecoderSpec {
    layers = List.copyOf(layers);
  }

  /** A decoder as Llama's, with one kind of attention in all layers. */
  public static DecoderSpec plain(
      int vocabSize,
      int hiddenSize,
      double normEps,
      boolean tiedEmbeddings,
      Attention attention,
      List<FeedForward> feedForwards) {
    return new DecoderSpec(
        vocabSize,
        hiddenSize,
        tiedEmbeddings,
        Norms.before(normEps),
        Scales.NONE,
        alike(attention, feedForwards));
  }

  /** Layers of which all have the same attention. */
  static List<Layer> alike(Attention attention, List<FeedForward> feedForwards) {
    return feedForwards.stream().map(part -> new Layer(attention, part)).toList();
  }

  /** One layer: attention, then feed-forward, each with its residual connection. */
  public record Layer(Attention attention, FeedForward feedForward) {}

  /**
   * Root-mean-square norms.
   *
   * @param fromOne whether a stored weight w stands for 1 + w
   * @param after whether a block's output is normalised instead of its input
   */
  public record Norms(double eps, boolean fromOne, boolean after) {

    public static Norms before(double eps) {
      return new Norms(eps, false, false);
    }
  }

  /**
   * Constant factors.
   *
   * @param embedding on the token embeddings
   * @param residual on what a block adds to the residual stream
   * @param logits divides the logits
   */
  public record Scales(double embedding, double residual, double logits) {
    public static final Scales NONE = new Scales(1, 1, 1);
  }

  /** How tokens look at earlier tokens. Always causal. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "kind")
  public sealed interface Attention permits GroupedQuery, Latent {

    int heads();

    /** Null where the layer gives positions no notice. */
    @Nullable Rope rope();

    Reach reach();
  }

  /**
   * Grouped-query attention.
   *
   * @param inputBias whether the query, key and value projections have biases
   * @param outputBias whether the output projection has one
   * @param scale factor on the product of query and key
   * @param sinks whether each head has a logit that takes part in the softmax and yields nothing
   * @param temperature null for none
   */
  public record GroupedQuery(
      int heads,
      int kvHeads,
      int headDim,
      boolean inputBias,
      boolean outputBias,
      HeadNorm headNorm,
      double scale,
      boolean sinks,
      @Nullable Rope rope,
      Reach reach,
      @Nullable Temperature temperature)
      implements Attention {

    /** Over all earlier tokens, scaled by the root of the head's size. */
    public static GroupedQuery plain(
        int heads, int kvHeads, int headDim, boolean inputBias, HeadNorm headNorm, Rope rope) {
      return new GroupedQuery(
          heads,
          kvHeads,
          headDim,
          inputBias,
          false,
          headNorm,
          1 / Math.sqrt(headDim),
          false,
          rope,
          Reach.FULL,
          null);
    }

    public GroupedQuery withOutputBias(boolean bias) {
      return with(bias, headNorm, scale, sinks, rope, reach, temperature);
    }

    public GroupedQuery withBiases(boolean input, boolean output) {
      return new GroupedQuery(
          heads, kvHeads, headDim, input, output, headNorm, scale, sinks, rope, reach, temperature);
    }

    public GroupedQuery withScale(double newScale) {
      return with(outputBias, headNorm, newScale, sinks, rope, reach, temperature);
    }

    public GroupedQuery withSinks() {
      return with(outputBias, headNorm, scale, true, rope, reach, temperature);
    }

    public GroupedQuery withReach(Reach newReach) {
      return with(outputBias, headNorm, scale, sinks, rope, newReach, temperature);
    }

    /** Without positions, and without what is applied after them. */
    public GroupedQuery withoutRope(@Nullable Temperature newTemperature) {
      HeadNorm norm = headNorm == HeadNorm.UNIT_AFTER_ROPE ? HeadNorm.NONE : headNorm;
      return with(outputBias, norm, scale, sinks, null, reach, newTemperature);
    }

    /** The same projections of queries, keys and values. */
    private GroupedQuery with(
        boolean newOutputBias,
        HeadNorm newHeadNorm,
        double newScale,
        boolean newSinks,
        @Nullable Rope newRope,
        Reach newReach,
        @Nullable Temperature newTemperature) {
      return new GroupedQuery(
          heads,
          kvHeads,
          headDim,
          inputBias,
          newOutputBias,
          newHeadNorm,
          newScale,
          newSinks,
          newRope,
          newReach,
          newTemperature);
    }
  }

  /**
   * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values come from one
   * small vector per token, beside a rotated key that all heads share.
   *
   * @param queryRank size of the queries' own small vector; 0 where they are projected directly
   * @param keyValueRank size of that vector
   * @param nopeDim dimensions of a head's query and key that are not rotated
   * @param valueDim dimensions of a head's value
   * @param scale factor on the product of query and key
   */
  public record Latent(
      int heads,
      int queryRank,
      int keyValueRank,
      int nopeDim,
      int valueDim,
      double scale,
      Rope rope)
      implements Attention {

    /** Dimensions of a head's query and key. */
    public int queryDim() {
      return nopeDim + rope.rotaryDim();
    }

    @Override
    public Reach reach() {
      return Reach.FULL;
    }
  }

  /** How queries and keys are normalised before their product. */
  public enum HeadNorm {
    NONE,
    /** Each head, with one weight for all heads. */
    PER_HEAD,
    /** The same after rotation. */
    PER_HEAD_AFTER_ROPE,
    /** All heads together, before they are told apart. */
    ALL_HEADS,
    /** Each head to unit mean square, without weights, after rotation. */
    UNIT_AFTER_ROPE;

    boolean hasWeights() {
      return this != NONE && this != UNIT_AFTER_ROPE;
    }
  }

  /**
   * Which earlier tokens a token sees.
   *
   * @param tokens the width of the window, its own token included, or of the chunk
   */
  public record Reach(Kind kind, int tokens) {

    /** All of them. */
    public static final Reach FULL = new Reach(Kind.FULL, 0);

    /** The last few, its own included. */
    public static Reach window(int tokens) {
      return new Reach(Kind.WINDOW, tokens);
    }

    /** Those of its own chunk; chunks begin at multiples of their length. */
    public static Reach chunk(int tokens) {
      return new Reach(Kind.CHUNK, tokens);
    }

    /** The kinds of reach. */
    public enum Kind {
      FULL,
      WINDOW,
      CHUNK
    }
  }

  /**
   * A factor on queries that grows with the position (Llama 4): {@code 1 + scale * ln(1 +
   * floor((position + 1) / floor))}.
   */
  public record Temperature(double scale, double floor) {}

  /**
   * Rotary position embedding over the first {@code rotaryDim} of each head.
   *
   * @param theta the base
   * @param interleaved whether dimensions 2i and 2i + 1 make a pair, instead of i and i +
   *     rotaryDim/2
   */
  public record Rope(double theta, int rotaryDim, boolean interleaved, RopeScaling scaling) {

    /** Unscaled, the two halves paired. */
    public Rope(double theta, int rotaryDim) {
      this(theta, rotaryDim, false, new RopeScaling.None());
    }

    /** Over half of each head, in whole pairs. */
    public static Rope overHalf(double theta, int headDim) {
      return new Rope(theta, Math.max(2, headDim / 4 * 2));
    }
  }

  /** Layers of which the first few are dense and all others route. */
  public static List<FeedForward> denseThenMixture(
      int denseLayers, Dense dense, int layers, Mixture mixture) {
    return IntStream.range(0, layers)
        .<FeedForward>mapToObj(i -> i < denseLayers ? dense : mixture)
        .toList();
  }

  /** The feed-forward part of a layer: gated units throughout. */
  public sealed interface FeedForward permits Dense, Mixture {}

  /** What is applied to the gate, and how it meets the other half. */
  public enum Activation {
    /** {@code silu(gate) * up} (SwiGLU, arXiv 2002.05202). */
    SILU,
    /** {@code gelu(gate) * up}, gelu approximated by tanh. */
    GELU_TANH,
    /**
     * {@code (clip(up) + 1) * g * sigmoid(slope g)} with g = min(gate, limit) and up clipped to the
     * limit (gpt-oss).
     */
    CLAMPED_SWISH;

    /** Of the sigmoid in {@link #CLAMPED_SWISH}. */
    public static final double CLAMPED_SWISH_SLOPE = 1.702;

    /** Of gate and up in {@link #CLAMPED_SWISH}. */
    public static final double CLAMPED_SWISH_LIMIT = 7;
  }

  /** A dense block. */
  public record Dense(int intermediateSize, Activation activation) implements FeedForward {

    public Dense(int intermediateSize) {
      this(intermediateSize, Activation.SILU);
    }
  }

  /**
   * Routed experts, and beside them a shared expert.
   *
   * @param intermediateSize width of each routed expert
   * @param expertBias whether the routed experts' matrices have biases
   * @param sharedIntermediateSize width of the shared expert; 0 for none
   * @param sharedGate whether the shared expert is weighted by a sigmoid of its own
   */
  public record Mixture(
      int experts,
      int topK,
      int intermediateSize,
      Activation activation,
      boolean expertBias,
      int sharedIntermediateSize,
      boolean sharedGate,
      Router router)
      implements FeedForward {

    /** SwiGLU experts without biases, the shared one ungated. */
    public Mixture(
        int experts, int topK, int intermediateSize, int sharedIntermediateSize, Router router) {
      this(
          experts,
          topK,
          intermediateSize,
          Activation.SILU,
          false,
          sharedIntermediateSize,
          false,
          router);
    }

    public Mixture withActivation(Activation newActivation) {
      return new Mixture(
          experts,
          topK,
          intermediateSize,
          newActivation,
          expertBias,
          sharedIntermediateSize,
          sharedGate,
          router);
    }
  }

  /**
   * How a router scores, chooses and weights.
   *
   * @param logitBias whether the logits have a bias
   * @param selectionBias whether a bias is added to the score for choosing only
   * @param normalised whether the chosen scores are divided by their sum
   * @param scale factor on the weights
   * @param groups which groups of experts may be chosen from
   * @param weightsInput whether the weight multiplies an expert's input instead of its output
   */
  public record Router(
      Score score,
      boolean logitBias,
      boolean selectionBias,
      boolean normalised,
      double scale,
      Groups groups,
      boolean weightsInput) {

    /** One group, weights on the outputs. */
    public Router(Score score, boolean selectionBias, boolean normalised, double scale) {
      this(score, false, selectionBias, normalised, scale, Groups.ONE, false);
    }

    /** What it computes, in a line, for the given number of experts per token. */
    public String formula(int topK) {
      return "s = "
          + score.name().toLowerCase(Locale.ROOT)
          + "(router x"
          + (logitBias ? " + bias" : "")
          + "); chosen: the "
          + topK
          + " largest s"
          + (selectionBias ? " + selection bias" : "")
          + (groups.count() > 1
              ? " of the best " + groups.chosen() + " of " + groups.count() + " groups"
              : "")
          + "; weights"
          + (weightsInput ? " on the input" : "")
          + ": s"
          + (normalised ? " / sum of the chosen s" : "")
          + (scale == 1 ? "" : " x " + scale);
    }
  }

  /**
   * Experts in groups of equal size, of which a token chooses some first.
   *
   * @param count how many
   * @param chosen how many of them stay in play
   * @param score how a group is judged
   */
  public record Groups(int count, int chosen, GroupScore score) {
    public static final Groups ONE = new Groups(1, 1, GroupScore.BEST);
  }

  /** A group's score. */
  public enum GroupScore {
    /** That of its best expert. */
    BEST,
    /** The sum of its two best. */
    BEST_TWO
  }

  /** From logits to scores. */
  public enum Score {
    SIGMOID,
    SOFTMAX
  }

  /** The feed-forward part of each layer. */
  public List<FeedForward> feedForwards() {
    return layers.stream().map(Layer::feedForward).toList();
  }

  /** The first value that another has otherwise, with both, in words. */
  public Optional<String> firstDifference(DecoderSpec other) {
    return equals(other) ? Optional.empty() : Optional.of(SpecDifference.first(this, other));
  }

  /** The layers that route, by index. */
  public List<Integer> mixtureLayers() {
    return IntStream.range(0, layers.size())
        .filter(i -> layers.get(i).feedForward() instanceof Mixture)
        .boxed()
        .toList();
  }

  /**
   * The mixture of a layer that routes.
   *
   * @throws IllegalArgumentException if it does not
   */
  public Mixture mixture(int layer) {
    if (layers.get(layer).feedForward() instanceof Mixture mixture) {
      return mixture;
    }
    throw new IllegalArgumentException("layer " + layer + " does not route");
  }
}
