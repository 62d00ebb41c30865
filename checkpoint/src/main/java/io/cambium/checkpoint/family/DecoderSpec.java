package io.cambium.checkpoint.family;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What a decoder computes, free of any family's key names. The model module composes a network from
 * it and the planner counts with it.
 *
 * @param layers the feed-forward part of each layer
 */
public record DecoderSpec(
    int vocabSize,
    int hiddenSize,
    double normEps,
    boolean tiedEmbeddings,
    Attention attention,
    Rope rope,
    List<FeedForward> layers) {

  public DecoderSpec {
    layers = List.copyOf(layers);
  }

  /**
   * Grouped-query attention.
   *
   * @param inputBias whether the query, key and value projections have biases
   * @param headNorm whether queries and keys are normalised per head
   */
  public record Attention(
      int heads, int kvHeads, int headDim, boolean inputBias, boolean headNorm) {}

  /**
   * Rotary position embedding over the first {@code rotaryDim} of each head, halves rotated
   * (GPT-NeoX order).
   *
   * @param theta the base
   */
  public record Rope(double theta, int rotaryDim) {

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

  /** The feed-forward part of a layer, SwiGLU throughout. */
  public sealed interface FeedForward permits Dense, Mixture {}

  /** A dense SwiGLU block. */
  public record Dense(int intermediateSize) implements FeedForward {}

  /**
   * Routed experts beside an ungated shared expert.
   *
   * @param intermediateSize width of each routed expert
   * @param sharedIntermediateSize width of the shared expert; 0 for none
   */
  public record Mixture(
      int experts, int topK, int intermediateSize, int sharedIntermediateSize, Router router)
      implements FeedForward {}

  /**
   * How a router scores, chooses and weights.
   *
   * @param selectionBias whether a bias is added to the score for choosing only
   * @param normalised whether the chosen scores are divided by their sum
   * @param scale factor on the weights
   */
  public record Router(Score score, boolean selectionBias, boolean normalised, double scale) {

    /** What it computes, in a line, for the given number of experts per token. */
    public String formula(int topK) {
      return "s = "
          + score.name().toLowerCase(Locale.ROOT)
          + "(router x); chosen: the "
          + topK
          + " largest s"
          + (selectionBias ? " + selection bias" : "")
          + "; weights: s"
          + (normalised ? " / sum of the chosen s" : "")
          + (scale == 1 ? "" : " x " + scale);
    }
  }

  /** From logits to scores. */
  public enum Score {
    SIGMOID
  }

  /** The layers that route, by index. */
  public List<Integer> mixtureLayers() {
    return IntStream.range(0, layers.size())
        .filter(i -> layers.get(i) instanceof Mixture)
        .boxed()
        .toList();
  }
}
