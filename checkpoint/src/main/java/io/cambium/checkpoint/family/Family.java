package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * One model family, described as data: what its config.json says, which tensors its checkpoints
 * hold, and what a change of the expert count touches. To add a family, copy the smallest neighbour
 * and register it in {@link Families}.
 */
public interface Family {

  /** The {@code model_type} of config.json. */
  String modelType();

  /** The entry of {@code architectures} in config.json. */
  String architecture();

  /**
   * What the checkpoint computes.
   *
   * @throws io.cambium.checkpoint.CheckpointException if a key is missing, or asks for something
   *     not supported
   */
  DecoderSpec decoder(ModelConfig config);

  /** A config.json for a new model: {@code decoder(newConfig(spec, n))} is {@code spec} again. */
  ObjectNode newConfig(DecoderSpec spec, int maxPositions);

  /** The same config.json with another number of routed experts, under every key that names it. */
  ObjectNode withExperts(ObjectNode config, int experts);

  /** The same config.json with another number of experts per token. */
  ObjectNode withTopK(ObjectNode config, int topK);

  /** The same config.json with another factor on the routing weights. */
  ObjectNode withRouterScale(ObjectNode config, double scale);

  /** Every tensor on disk, in model order. */
  List<ModelTensor> tensors(DecoderSpec spec);

  /**
   * Whether the family's own loader leaves this tensor out, such as a multi-token-prediction layer.
   */
  boolean ignores(String tensor, ModelConfig config);
}
