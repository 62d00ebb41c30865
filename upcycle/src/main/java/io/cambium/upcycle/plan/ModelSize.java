package io.cambium.upcycle.plan;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.List;

/**
 * One model's size.
 *
 * @param parameters all of them, embeddings counted
 * @param activeParameters without the experts that a token does not visit
 * @param bytes of the weights
 */
public record ModelSize(long parameters, long activeParameters, long bytes) {

  public static ModelSize of(SourceCheckpoint source) {
    CheckpointDirectory weights = source.weights();
    long bytes =
        weights.tensors().stream()
            .map(ModelTensor::name)
            .distinct()
            .mapToLong(name -> weights.spec(name).bytes())
            .sum();
    return of(weights.decoder(), weights.tensors(), bytes);
  }

  public static ModelSize of(DecoderSpec decoder, List<ModelTensor> tensors, long bytes) {
    long all = 0;
    long idle = 0;
    for (ModelTensor tensor : tensors) {
      all += tensor.elements();
      // Of the experts, all alike, those that a token does not visit are the last.
      if (tensor.part().isExpert()) {
        Mixture mixture = decoder.mixture(tensor.layer());
        idle += tensor.expert() >= mixture.topK() ? tensor.elements() : 0;
      }
    }
    return new ModelSize(all, all - idle, bytes);
  }
}
