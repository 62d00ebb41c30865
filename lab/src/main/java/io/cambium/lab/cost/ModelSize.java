package io.cambium.lab.cost;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.ParameterCounts;
import io.cambium.training.config.BatchConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * A model's size, from its config.json alone.
 *
 * @param experts of each layer that routes
 * @param parameters embeddings included
 * @param activeParameters those that one token meets, embeddings included
 * @param expertParameters those of all routed experts
 * @param routedWidth hidden values that a token sends to experts, over all layers
 * @param flops of a token
 * @param activations bytes that a micro batch leaves for the backward pass
 */
public record ModelSize(
    int experts,
    long parameters,
    long activeParameters,
    long expertParameters,
    double routedWidth,
    Flops flops,
    double activations) {

  /** A config.json that was read, whose number of experts may be changed. */
  public record Source(Family family, ModelConfig config) {

    /**
     * Reads a directory's config.json; weights may be missing.
     *
     * @throws UsageException if it describes no model with experts
     */
    public static Source of(Path directory) {
      Path file = directory.resolve("config.json");
      ModelConfig config = new ModelConfig(file, Json.readObject(file));
      Source source = new Source(Families.of(config), config);
      if (source.decoder(config).mixtureLayers().isEmpty()) {
        throw new UsageException(
            directory,
            "is dense, and a run grows experts only",
            "plan for what `cambium upcycle` makes of it");
      }
      return source;
    }

    private DecoderSpec decoder(ModelConfig of) {
      return family.decoder(of);
    }

    public int experts() {
      DecoderSpec spec = decoder(config);
      return spec.mixture(spec.mixtureLayers().getFirst()).experts();
    }

    /** The model with so many experts per layer. */
    public DecoderSpec withExperts(int experts) {
      return decoder(new ModelConfig(config.file(), family.withExperts(config.json(), experts)));
    }

    /** Its size then, trained on such batches. */
    public ModelSize size(int experts, BatchConfig batch) {
      return ModelSize.of(withExperts(experts), family, batch);
    }
  }

  /** Counts a model that is trained on such batches. */
  static ModelSize of(DecoderSpec spec, Family family, BatchConfig batch) {
    List<ModelTensor> tensors = family.tensors(spec);
    ParameterCounts counts = ParameterCounts.of(spec, tensors);
    double routedWidth = 0;
    int experts = 0;
    for (int layer : spec.mixtureLayers()) {
      Mixture mixture = spec.mixture(layer);
      routedWidth += (double) mixture.topK() * spec.hiddenSize();
      experts = mixture.experts();
    }
    return new ModelSize(
        experts,
        counts.total(),
        counts.active(),
        tensors.stream()
            .filter(tensor -> tensor.part().isExpert())
            .mapToLong(ModelTensor::elements)
            .sum(),
        routedWidth,
        Flops.of(spec, tensors, batch.length()),
        Memory.activations(spec, (long) batch.microBatch() * batch.length()));
  }
}
