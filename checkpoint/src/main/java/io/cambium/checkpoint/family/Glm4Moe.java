package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * GLM-4.5 and 4.6: grouped-query attention, dense first layers, a normalised sigmoid router with a
 * selection bias, one shared expert. Defaults are those of transformers' Glm4MoeConfig.
 */
final class Glm4Moe extends Family {

  private static final String EXPERTS = "n_routed_experts";
  private static final String TOP_K = "num_experts_per_tok";

  @Override
  public String modelType() {
    return "glm4_moe";
  }

  @Override
  public String architecture() {
    return "Glm4MoeForCausalLM";
  }

  @Override
  public DecoderSpec decoder(ModelConfig config) {
    ConfigReader read = new ConfigReader(config);
    config.requireAbsent("sliding_window");
    int headDim = read.headDim(0);
    GroupedQuery attention =
        read.attention(
            headDim,
            config.booleanOr("attention_bias", false),
            config.booleanOr("use_qk_norm", false) ? HeadNorm.PER_HEAD : HeadNorm.NONE,
            read.rope(10_000, 0.5, headDim, false, RopeScaling.NONE));
    return read.decoder(
        false,
        read.norms(1e-5),
        ConfigReader.layers(attention, read.deepSeekFeedForwards(1, null, true, 1, 1, 1)));
  }

  @Override
  List<TensorNames> layouts() {
    return List.of(TensorNames.DEEPSEEK_V3, TensorNames.DEEPSEEK_V3.fused());
  }

  @Override
  ExpertKeys expertKeys() {
    return new ExpertKeys(EXPERTS, List.of("num_local_experts"), TOP_K, "routed_scaling_factor");
  }

  @Override
  public ObjectNode newConfig(DecoderSpec spec, int maxPositions) {
    ObjectNode config = Json.MAPPER.createObjectNode();
    config.putArray("architectures").add(architecture());
    config.put("model_type", modelType());
    config.put("dtype", "float32").put("torch_dtype", "float32");
    config.put("vocab_size", spec.vocabSize());
    config.put("hidden_size", spec.hiddenSize());
    config.put("rms_norm_eps", spec.norms().eps());
    config.put("tie_word_embeddings", spec.tiedEmbeddings());
    config.put("max_position_embeddings", maxPositions);
    if (!(spec.attention() instanceof GroupedQuery attention) || attention.rope() == null) {
      throw new IllegalArgumentException("glm4_moe has no " + spec.attention());
    }
    putAttention(config, attention, attention.rope());
    putFeedForward(config, spec);
    config.put("initializer_range", 0.02);
    config.put("use_cache", true);
    ModelConfig written = new ModelConfig(Path.of(CheckpointDirectory.CONFIG), config);
    written.requirePositiveInt("max_position_embeddings");
    if (!decoder(written).equals(spec)) {
      throw new IllegalArgumentException("glm4_moe has no config.json for " + spec);
    }
    return config;
  }

  private static void putAttention(ObjectNode config, GroupedQuery attention, Rope rope) {
    config.put("num_attention_heads", attention.heads());
    config.put("num_key_value_heads", attention.kvHeads());
    config.put("head_dim", attention.headDim());
    config.put("attention_bias", attention.inputBias());
    config.put("attention_dropout", 0.0);
    config.put("use_qk_norm", attention.headNorm() == HeadNorm.PER_HEAD);
    double partialRotary = partialRotary(attention.headDim(), rope.rotaryDim());
    // Both styles: transformers 4 silently ignores rope_parameters.
    config.put("rope_theta", rope.theta()).putNull("rope_scaling");
    config.put("partial_rotary_factor", partialRotary);
    config
        .putObject("rope_parameters")
        .put("rope_type", "default")
        .put("rope_theta", rope.theta())
        .put("partial_rotary_factor", partialRotary);
  }

  /** The factor that rounds down to this many dimensions and not to one less. */
  private static double partialRotary(int headDim, int rotaryDim) {
    double factor = (double) rotaryDim / headDim;
    return (int) (headDim * factor) == rotaryDim ? factor : Math.nextUp(factor);
  }

  private static void putFeedForward(ObjectNode config, DecoderSpec spec) {
    List<Integer> mixtureLayers = spec.mixtureLayers();
    if (mixtureLayers.isEmpty()) {
      throw new IllegalArgumentException("glm4_moe needs a layer that routes");
    }
    Mixture mixture = spec.mixture(mixtureLayers.getFirst());
    int width = mixture.intermediateSize();
    config.put("hidden_act", "silu");
    config.put("num_hidden_layers", spec.layers().size());
    config.put("first_k_dense_replace", mixtureLayers.getFirst());
    config.put(
        "intermediate_size",
        spec.layers().getFirst().feedForward() instanceof Dense dense
            ? dense.intermediateSize()
            : width);
    config.put("moe_intermediate_size", width);
    config.put(EXPERTS, mixture.experts());
    config.put("n_shared_experts", mixture.sharedIntermediateSize() / width);
    config.put(TOP_K, mixture.topK());
    config.put("norm_topk_prob", mixture.router().normalised());
    config.put("routed_scaling_factor", mixture.router().scale());
    // transformers does not read these two; llama.cpp and vLLM guess wrongly without them.
    config.put("scoring_func", "sigmoid").put("topk_method", "noaux_tc");
    config.put("n_group", 1).put("topk_group", 1);
    config.put(PredictionLayers.KEY, 0);
  }

  @Override
  public boolean ignores(String tensor, ModelConfig config) {
    return super.ignores(tensor, config) || PredictionLayers.hold(tensor, config);
  }
}
