package io.cambium.upcycle;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import java.util.List;

/**
 * One model's size.
 *
 * @param experts routed experts per layer
 * @param topK how many of them a token visits
 * @param parameters all of them, embeddings counted
 * @param activeParameters without the experts that a token does not visit
 * @param bytes of the weights
 */
public record ModelSize(int experts, int topK, long parameters, long activeParameters, long bytes) {

  static ModelSize of(DecoderSpec decoder, List<ModelTensor> tensors, long bytes) {
    int layer = decoder.mixtureLayers().getFirst();
    Mixture mixture = decoder.mixture(layer);
    long all = elements(tensors);
    long ofExperts = elements(tensors.stream().filter(t -> t.part().isExpert()).toList());
    long idle = ofExperts / mixture.experts() * (mixture.experts() - mixture.topK());
    return new ModelSize(mixture.experts(), mixture.topK(), all, all - idle, bytes);
  }

  private static long elements(List<ModelTensor> tensors) {
    return tensors.stream()
        .mapToLong(t -> t.shape().stream().reduce(1L, Math::multiplyExact))
        .sum();
  }
}
