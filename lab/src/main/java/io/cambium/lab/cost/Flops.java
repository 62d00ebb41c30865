package io.cambium.lab.cost;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.List;

/**
 * Floating-point operations of one token's forward pass, on average over a sequence. A product with
 * a matrix of n elements is 2 n; norms, activations and the softmax are not counted.
 *
 * @param experts matrices of the routed experts that the token visits
 * @param matrices all other matrices: projections, routers, shared and dense blocks, the head
 * @param attention products of queries with keys, and of probabilities with values
 */
public record Flops(double experts, double matrices, double attention) {

  /** A backward pass costs two forward passes. */
  private static final double TRAINING_OVER_FORWARD = 3;

  /**
   * Counts.
   *
   * @param tensors of the model
   * @param length tokens in a sequence
   */
  public static Flops of(DecoderSpec spec, List<ModelTensor> tensors, int length) {
    double experts = 0;
    double matrices = spec.tiedEmbeddings() ? head(spec) : 0;
    for (ModelTensor tensor : tensors) {
      if (tensor.shape().size() != 2 || tensor.part() == Part.EMBEDDING) {
        continue;
      }
      if (!tensor.part().isExpert()) {
        matrices += 2.0 * tensor.elements();
      } else if (isVisited(spec, tensor)) {
        experts += 2.0 * tensor.elements();
      }
    }
    double attention =
        spec.layers().stream().mapToDouble(layer -> attention(layer.attention(), length)).sum();
    return new Flops(experts, matrices, attention);
  }

  private static double head(DecoderSpec spec) {
    return 2.0 * spec.vocabSize() * spec.hiddenSize();
  }

  /** Experts of a layer are alike: as many as top-K count in full, whichever they are. */
  private static boolean isVisited(DecoderSpec spec, ModelTensor tensor) {
    return spec.layers().get(tensor.layer()).feedForward() instanceof Mixture mixture
        && tensor.expert() < mixture.topK();
  }

  private static double attention(Attention attention, int length) {
    double perKey =
        switch (attention) {
          case GroupedQuery grouped -> 2.0 * grouped.headDim();
          case Latent latent -> latent.queryDim() + latent.valueDim();
        };
    return 2 * attention.heads() * perKey * meanKeys(attention.reach(), length);
  }

  /** Keys that a token sees, its own included, on average over a sequence. */
  private static double meanKeys(Reach reach, int length) {
    int width = reach.kind() == Reach.Kind.FULL ? length : Math.min(length, reach.tokens());
    double sum = 0;
    for (int position = 0; position < length; position++) {
      sum +=
          reach.kind() == Reach.Kind.CHUNK ? position % width + 1 : Math.min(position + 1, width);
    }
    return sum / length;
  }

  /** Of a forward pass. */
  public double forward() {
    return experts + matrices + attention;
  }

  /** Of a forward and a backward pass. */
  public double training() {
    return TRAINING_OVER_FORWARD * forward();
  }
}
