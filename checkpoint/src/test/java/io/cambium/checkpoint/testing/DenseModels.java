package io.cambium.checkpoint.testing;

import io.cambium.checkpoint.CheckpointWriter;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.FreshModel.Normal;
import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.node.ObjectNode;

/** Random dense llama checkpoints, for tests: hidden states and logits of scale 1. */
public final class DenseModels {

  public static final int VOCABULARY = 61;
  public static final int HIDDEN = 24;
  public static final int LAYERS = 2;

  private DenseModels() {}

  /**
   * Writes one. The same width and seed give the same bytes.
   *
   * @param width intermediate neurons
   */
  public static Path llama(Path directory, int width, long seed) {
    ObjectNode config =
        Json.MAPPER
            .createObjectNode()
            .put("model_type", "llama")
            .put("hidden_act", "silu")
            .put("vocab_size", VOCABULARY)
            .put("hidden_size", HIDDEN)
            .put("num_hidden_layers", LAYERS)
            .put("intermediate_size", width)
            .put("num_attention_heads", 4)
            .put("num_key_value_heads", 2)
            .put("head_dim", 8)
            .put("max_position_embeddings", 256)
            .put("rms_norm_eps", 1e-5)
            .put("rope_theta", 10_000.0)
            .put("tie_word_embeddings", false);
    try {
      Files.createDirectory(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    FreshModel.write(
        directory,
        config,
        seed,
        CheckpointWriter.DEFAULT_SHARD_BYTES,
        tensor ->
            tensor.part().isNormOrBias()
                ? new Normal(1, 0.1)
                : new Normal(0, 1 / Math.sqrt(tensor.shape().getLast())));
    return directory;
  }
}
