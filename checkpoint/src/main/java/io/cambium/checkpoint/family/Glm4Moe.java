package io.cambium.checkpoint.family;

import static io.cambium.checkpoint.family.ModelTensor.NONE;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * GLM-4.5 and 4.6: grouped-query attention, dense first layers, a normalised sigmoid router with a
 * selection bias, one shared expert. Defaults are those of transformers' Glm4MoeConfig.
 */
final class Glm4Moe implements Family {

  private static final int DENSE_LAYERS_DEFAULT = 1;
  private static final double PARTIAL_ROTARY_DEFAULT = 0.5;

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
    config.requireValue("hidden_act", "silu", "silu");
    for (String key : List.of("n_group", "topk_group")) {
      if (config.intOr(key, 1) != 1) {
        throw config.unsupported(key, config.intOr(key, 1), 1);
      }
    }
    if (config.has("quantization_config")) {
      throw config.unsupported("quantization_config", "present", "unquantised weights");
    }
    int hiddenSize = config.requirePositiveInt("hidden_size");
    int heads = config.requirePositiveInt("num_attention_heads");
    int headDim = config.intOr("head_dim", hiddenSize / heads);
    int experts = config.requirePositiveInt("n_routed_experts");
    int topK = config.requirePositiveInt("num_experts_per_tok");
    if (topK > experts) {
      throw config.unsupported("num_experts_per_tok", topK, "at most n_routed_experts, " + experts);
    }
    int kvHeads = config.requirePositiveInt("num_key_value_heads");
    if (heads % kvHeads != 0) {
      throw config.unsupported("num_key_value_heads", kvHeads, "a divisor of " + heads);
    }
    int width = config.requirePositiveInt("moe_intermediate_size");
    Mixture mixture =
        new Mixture(
            experts,
            topK,
            width,
            width * config.requireCount("n_shared_experts"),
            new Router(
                Score.SIGMOID,
                true,
                config.booleanOr("norm_topk_prob", true),
                config.doubleOr("routed_scaling_factor", 1.0)));
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"));
    int denseLayers = config.intOr("first_k_dense_replace", DENSE_LAYERS_DEFAULT);
    List<FeedForward> layers = new ArrayList<>();
    for (int i = 0; i < config.requirePositiveInt("num_hidden_layers"); i++) {
      layers.add(i < denseLayers ? dense : mixture);
    }
    return new DecoderSpec(
        config.requirePositiveInt("vocab_size"),
        hiddenSize,
        config.doubleOr("rms_norm_eps", 1e-5),
        config.booleanOr("tie_word_embeddings", false),
        new Attention(
            heads,
            kvHeads,
            headDim,
            config.booleanOr("attention_bias", false),
            config.booleanOr("use_qk_norm", false)),
        new Rope(config.ropeTheta(10_000), (int) (headDim * partialRotary(config))),
        layers);
  }

  /** transformers 5 keeps the factor inside {@code rope_parameters}, transformers 4 at the top. */
  private static double partialRotary(ModelConfig config) {
    JsonNode nested = config.json().path("rope_parameters").path("partial_rotary_factor");
    return nested.isNumber()
        ? nested.doubleValue()
        : config.doubleOr("partial_rotary_factor", PARTIAL_ROTARY_DEFAULT);
  }

  @Override
  public ObjectNode newConfig(DecoderSpec spec, int maxPositions) {
    List<Integer> mixtures = spec.mixtureLayers();
    if (mixtures.isEmpty()) {
      throw new IllegalArgumentException("glm4_moe needs a layer that routes");
    }
    int denseLayers = mixtures.getFirst();
    Mixture mixture = (Mixture) spec.layers().get(denseLayers);
    int denseSize =
        spec.layers().getFirst() instanceof Dense d
            ? d.intermediateSize()
            : mixture.intermediateSize();
    Attention attention = spec.attention();
    double partialRotary = (double) spec.rope().rotaryDim() / attention.headDim();
    ObjectNode config = io.cambium.checkpoint.Json.MAPPER.createObjectNode();
    config.putArray("architectures").add(architecture());
    config.put("model_type", modelType());
    config.put("dtype", "float32").put("torch_dtype", "float32");
    config.put("vocab_size", spec.vocabSize());
    config.put("hidden_size", spec.hiddenSize());
    config.put("intermediate_size", denseSize);
    config.put("moe_intermediate_size", mixture.intermediateSize());
    config.put("num_hidden_layers", spec.layers().size());
    config.put("first_k_dense_replace", denseLayers);
    config.put("num_attention_heads", attention.heads());
    config.put("num_key_value_heads", attention.kvHeads());
    config.put("head_dim", attention.headDim());
    config.put("attention_bias", attention.inputBias());
    config.put("use_qk_norm", attention.headNorm());
    config.put("n_routed_experts", mixture.experts());
    config.put("n_shared_experts", mixture.sharedIntermediateSize() / mixture.intermediateSize());
    config.put("num_experts_per_tok", mixture.topK());
    config.put("norm_topk_prob", mixture.router().normalised());
    config.put("routed_scaling_factor", mixture.router().scale());
    // transformers does not read these two; llama.cpp and vLLM guess wrongly without them.
    config.put("scoring_func", "sigmoid").put("topk_method", "noaux_tc");
    config.put("n_group", 1).put("topk_group", 1);
    config.put("num_nextn_predict_layers", 0);
    config.put("hidden_act", "silu");
    config.put("rms_norm_eps", spec.normEps());
    config.put("tie_word_embeddings", spec.tiedEmbeddings());
    config.put("max_position_embeddings", maxPositions);
    // Both styles: transformers 4 silently ignores rope_parameters.
    config.put("rope_theta", spec.rope().theta());
    config.putNull("rope_scaling");
    config.put("partial_rotary_factor", partialRotary);
    config
        .putObject("rope_parameters")
        .put("rope_type", "default")
        .put("rope_theta", spec.rope().theta())
        .put("partial_rotary_factor", partialRotary);
    config.put("attention_dropout", 0.0);
    config.put("initializer_range", 0.02);
    config.put("use_cache", true);
    return config;
  }

  @Override
  public ObjectNode withExperts(ObjectNode config, int experts) {
    return config.deepCopy().put("n_routed_experts", experts);
  }

  @Override
  public ObjectNode withTopK(ObjectNode config, int topK) {
    return config.deepCopy().put("num_experts_per_tok", topK);
  }

  @Override
  public ObjectNode withRouterScale(ObjectNode config, double scale) {
    return config.deepCopy().put("routed_scaling_factor", scale);
  }

  @Override
  public boolean ignores(String tensor, DecoderSpec spec) {
    return tensor.startsWith("model.layers." + spec.layers().size() + ".");
  }

  @Override
  public List<ModelTensor> tensors(DecoderSpec spec) {
    List<ModelTensor> tensors = new ArrayList<>();
    long hidden = spec.hiddenSize();
    long vocab = spec.vocabSize();
    tensors.add(tensor(Part.EMBEDDING, NONE, "model.embed_tokens.weight", vocab, hidden));
    for (int i = 0; i < spec.layers().size(); i++) {
      addAttention(tensors, i, spec.attention(), hidden);
      addFeedForward(tensors, i, spec.layers().get(i), hidden);
    }
    tensors.add(tensor(Part.FINAL_NORM, NONE, "model.norm.weight", hidden));
    if (!spec.tiedEmbeddings()) {
      tensors.add(tensor(Part.LM_HEAD, NONE, "lm_head.weight", vocab, hidden));
    }
    return tensors;
  }

  private static void addAttention(
      List<ModelTensor> tensors, int layer, Attention attention, long hidden) {
    String prefix = "model.layers." + layer + ".";
    String self = prefix + "self_attn.";
    long queries = (long) attention.heads() * attention.headDim();
    long keys = (long) attention.kvHeads() * attention.headDim();
    tensors.add(tensor(Part.ATTENTION_NORM, layer, prefix + "input_layernorm.weight", hidden));
    tensors.add(tensor(Part.QUERY, layer, self + "q_proj.weight", queries, hidden));
    tensors.add(tensor(Part.KEY, layer, self + "k_proj.weight", keys, hidden));
    tensors.add(tensor(Part.VALUE, layer, self + "v_proj.weight", keys, hidden));
    if (attention.inputBias()) {
      tensors.add(tensor(Part.QUERY_BIAS, layer, self + "q_proj.bias", queries));
      tensors.add(tensor(Part.KEY_BIAS, layer, self + "k_proj.bias", keys));
      tensors.add(tensor(Part.VALUE_BIAS, layer, self + "v_proj.bias", keys));
    }
    tensors.add(tensor(Part.ATTENTION_OUTPUT, layer, self + "o_proj.weight", hidden, queries));
    if (attention.headNorm()) {
      long headDim = attention.headDim();
      tensors.add(tensor(Part.QUERY_NORM, layer, self + "q_norm.weight", headDim));
      tensors.add(tensor(Part.KEY_NORM, layer, self + "k_norm.weight", headDim));
    }
    tensors.add(
        tensor(Part.FEED_FORWARD_NORM, layer, prefix + "post_attention_layernorm.weight", hidden));
  }

  private static void addFeedForward(
      List<ModelTensor> tensors, int layer, FeedForward feedForward, long hidden) {
    String mlp = "model.layers." + layer + ".mlp.";
    switch (feedForward) {
      case Dense(int size) -> {
        tensors.add(tensor(Part.DENSE_GATE, layer, mlp + "gate_proj.weight", size, hidden));
        tensors.add(tensor(Part.DENSE_UP, layer, mlp + "up_proj.weight", size, hidden));
        tensors.add(tensor(Part.DENSE_DOWN, layer, mlp + "down_proj.weight", hidden, size));
      }
      case Mixture mixture -> addMixture(tensors, layer, mlp, mixture, hidden);
    }
  }

  private static void addMixture(
      List<ModelTensor> tensors, int layer, String mlp, Mixture mixture, long hidden) {
    long experts = mixture.experts();
    tensors.add(tensor(Part.ROUTER, layer, mlp + "gate.weight", experts, hidden));
    tensors.add(tensor(Part.SELECTION_BIAS, layer, mlp + "gate.e_score_correction_bias", experts));
    long size = mixture.intermediateSize();
    for (int e = 0; e < mixture.experts(); e++) {
      String expert = mlp + "experts." + e + ".";
      tensors.add(expert(Part.EXPERT_GATE, layer, e, expert + "gate_proj.weight", size, hidden));
      tensors.add(expert(Part.EXPERT_UP, layer, e, expert + "up_proj.weight", size, hidden));
      tensors.add(expert(Part.EXPERT_DOWN, layer, e, expert + "down_proj.weight", hidden, size));
    }
    long shared = mixture.sharedIntermediateSize();
    if (shared > 0) {
      String prefix = mlp + "shared_experts.";
      tensors.add(tensor(Part.SHARED_GATE, layer, prefix + "gate_proj.weight", shared, hidden));
      tensors.add(tensor(Part.SHARED_UP, layer, prefix + "up_proj.weight", shared, hidden));
      tensors.add(tensor(Part.SHARED_DOWN, layer, prefix + "down_proj.weight", hidden, shared));
    }
  }

  private static ModelTensor tensor(Part part, int layer, String name, Long... shape) {
    return new ModelTensor(part, layer, NONE, name, List.of(shape));
  }

  private static ModelTensor tensor(Part part, int layer, String name, long rows, long columns) {
    return new ModelTensor(part, layer, NONE, name, List.of(rows, columns));
  }

  private static ModelTensor expert(
      Part part, int layer, int expert, String name, long rows, long columns) {
    return new ModelTensor(part, layer, expert, name, List.of(rows, columns));
  }
}
