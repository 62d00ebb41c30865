package io.cambium.upcycle.plan;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.ParameterCounts;
import io.cambium.upcycle.ledger.SourceCheckpoint;

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
    return of(weights.decoder(), weights.family(), bytes);
  }

  public static ModelSize of(DecoderSpec decoder, Family family, long bytes) {
    ParameterCounts counts = ParameterCounts.of(decoder, family.tensors(decoder));
    return new ModelSize(counts.total(), counts.active(), bytes);
  }
}
