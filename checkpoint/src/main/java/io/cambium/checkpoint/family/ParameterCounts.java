package io.cambium.checkpoint.family;

import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import java.util.List;

/**
 * How many parameters a model has, and how many of them one token meets. Every element of every
 * tensor on disk counts, norms and biases too.
 *
 * @param total all of them
 * @param active without the routed experts that a token does not visit
 * @param embedding those of the token embedding and, where it is not tied to it, the output
 *     projection; part of both other numbers
 */
public record ParameterCounts(long total, long active, long embedding) {

  /** Counts a model's tensors. */
  public static ParameterCounts of(DecoderSpec spec, List<ModelTensor> tensors) {
    long total = 0;
    long idle = 0;
    long embedding = 0;
    for (ModelTensor tensor : tensors) {
      total += tensor.elements();
      if (tensor.part() == Part.EMBEDDING || tensor.part() == Part.LM_HEAD) {
        embedding += tensor.elements();
      }
      // Experts of a layer are alike: as many as top-K count in full, whichever they are.
      if (tensor.part().isExpert()
          && spec.layers().get(tensor.layer()).feedForward() instanceof Mixture mixture
          && tensor.expert() >= mixture.topK()) {
        idle += tensor.elements();
      }
    }
    return new ParameterCounts(total, total - idle, embedding);
  }

  /** All parameters but the embeddings. */
  public long totalWithoutEmbedding() {
    return total - embedding;
  }

  /** The parameters that one token meets, but for the embeddings. */
  public long activeWithoutEmbedding() {
    return active - embedding;
  }
}
