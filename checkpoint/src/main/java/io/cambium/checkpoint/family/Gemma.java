package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.DecoderSpec.Scales;
import java.util.List;

/**
 * Gemma 1: norm weights count from one, embeddings grow with the width. Defaults are those of
 * transformers' GemmaConfig.
 */
final class Gemma extends Family {

  @Override
  public String modelType() {
    return "gemma";
  }

  @Override
  public String architecture() {
    return "GemmaForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    // The first checkpoints say gelu and mean its approximation, as transformers knows.
    if (!config.stringOr("hidden_act", "gelu").equals("gelu")) {
      config.requireValue("hidden_act", "gelu_pytorch_tanh");
    }
    config.requireValueOrNull("hidden_activation", "gelu_pytorch_tanh");
    config.requireAbsent("use_bidirectional_attention");
    int headDim = read.headDim(256);
    GroupedQuery attention =
        read.attentionWithFlag(headDim, false, HeadNorm.NONE, read.rope(10_000, headDim));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), Activation.GELU_TANH);
    Norms norms = new Norms(read.norms(1e-6).eps(), true, false);
    return read.decoder(
        true,
        norms,
        new Scales(Math.sqrt(read.hiddenSize()), 1, 1),
        DecoderSpec.alike(attention, read.inAllLayers(dense)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.COMMON);
  }
}
