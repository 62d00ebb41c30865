package io.cambium.checkpoint.family;

import static io.cambium.checkpoint.family.ModelTensor.NONE;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/**
 * GLM-4.5 and 4.6: grouped-query attention, dense first layers, a normalised sigmoid router with a
 * selection bias, one shared expert. Defaults are those of transformers' Glm4MoeConfig.
 */
final class Glm4Moe implements Family {

  private static final int DENSE_LAYERS_DEFAULT = 1;
  private static final double NORM_EPS_DEFAULT = 1e-5;
  private static final double PARTIAL_ROTARY_DEFAULT = 0.5;
  private static final double ROPE_THETA_DEFAULT = 10_000;

  // Far above any model, far below what could not be held in memory.
  private static final int MAX_LAYERS = 1 << 14;
  private static final int MAX_EXPERTS = 1 << 16;

  private static final Pattern LAYER_PREFIX = Pattern.compile("model\\.layers\\.(\\d{1,9})\\.");

  private static final String EXPERTS = "n_routed_experts";
  private static final String EXPERTS_ALIAS = "num_local_experts";
  private static final String TOP_K = "num_experts_per_tok";
  private static final String HEAD_DIM = "head_dim";
  private static final String PREDICTION_LAYERS = "num_nextn_predict_layers";

  /** Keys of other families, which a checkpoint that has them was trained with. */
  private static final List<String> NOT_COMPUTED =
      List.of(
          "quantization_config",
          "sliding_window",
          "attn_logit_softcapping",
          "final_logit_softcapping");

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
    requireSupported(config);
    int hiddenSize = config.requirePositiveInt("hidden_size");
    Attention attention = attention(config, hiddenSize);
    List<FeedForward> layers =
        DecoderSpec.denseThenMixture(
            config.countOr("first_k_dense_replace", DENSE_LAYERS_DEFAULT),
            new Dense(config.requirePositiveInt("intermediate_size")),
            config.requireInt("num_hidden_layers", 1, MAX_LAYERS),
            mixture(config));
    return new DecoderSpec(
        config.requirePositiveInt("vocab_size"),
        hiddenSize,
        config.positiveDoubleOr("rms_norm_eps", NORM_EPS_DEFAULT),
        config.booleanOr("tie_word_embeddings", false),
        attention,
        rope(config, attention.headDim()),
        layers);
  }

  private static void requireSupported(ModelConfig config) {
    config.requireValue("hidden_act", "silu");
    config.requireValue("scoring_func", "sigmoid");
    config.requireValue("topk_method", "noaux_tc");
    NOT_COMPUTED.forEach(config::requireAbsent);
    for (String key : List.of("n_group", "topk_group")) {
      int groups = config.positiveIntOr(key, 1);
      if (groups != 1) {
        throw config.unsupported(key, groups, 1);
      }
    }
  }

  private static Attention attention(ModelConfig config, int hiddenSize) {
    int heads = config.requirePositiveInt("num_attention_heads");
    int kvHeads = config.requirePositiveInt("num_key_value_heads");
    if (heads % kvHeads != 0) {
      throw config.unsupported("num_key_value_heads", kvHeads, "a divisor of " + heads);
    }
    return new Attention(
        heads,
        kvHeads,
        config.has(HEAD_DIM) ? config.requirePositiveInt(HEAD_DIM) : hiddenSize / heads,
        config.booleanOr("attention_bias", false),
        config.booleanOr("use_qk_norm", false));
  }

  private static Rope rope(ModelConfig config, int headDim) {
    double factor = config.partialRotaryFactor(PARTIAL_ROTARY_DEFAULT);
    int rotaryDim = rotaryDim(headDim, factor);
    if (rotaryDim < 2 || rotaryDim > headDim || rotaryDim % 2 != 0) {
      throw config.unsupported(
          "partial_rotary_factor", factor, "an even share of a head's " + headDim + " dimensions");
    }
    return new Rope(config.ropeTheta(ROPE_THETA_DEFAULT), rotaryDim);
  }

  /** Rounded down, as transformers does. */
  private static int rotaryDim(int headDim, double partialRotary) {
    return (int) (headDim * partialRotary);
  }

  private static Mixture mixture(ModelConfig config) {
    int experts = config.requireInt(EXPERTS, 1, MAX_EXPERTS);
    // transformers 5 takes this name too, transformers 4 passes over it.
    if (config.positiveIntOr(EXPERTS_ALIAS, experts) != experts) {
      throw config.unsupported(EXPERTS_ALIAS, "another number than " + EXPERTS, experts);
    }
    int topK = config.requirePositiveInt(TOP_K);
    if (topK > experts) {
      throw config.unsupported(TOP_K, topK, "at most " + EXPERTS + ", " + experts);
    }
    int width = config.requirePositiveInt("moe_intermediate_size");
    int shared = config.requireInt("n_shared_experts", 0, Integer.MAX_VALUE / width);
    Router router =
        new Router(
            Score.SIGMOID,
            true,
            config.booleanOr("norm_topk_prob", true),
            config.doubleOr("routed_scaling_factor", 1.0));
    return new Mixture(experts, topK, width, width * shared, router);
  }

  @Override
  public ObjectNode newConfig(DecoderSpec spec, int maxPositions) {
    ObjectNode config = Json.MAPPER.createObjectNode();
    config.putArray("architectures").add(architecture());
    config.put("model_type", modelType());
    config.put("dtype", "float32").put("torch_dtype", "float32");
    config.put("vocab_size", spec.vocabSize());
    config.put("hidden_size", spec.hiddenSize());
    config.put("rms_norm_eps", spec.normEps());
    config.put("tie_word_embeddings", spec.tiedEmbeddings());
    config.put("max_position_embeddings", maxPositions);
    putAttention(config, spec.attention(), spec.rope());
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

  private static void putAttention(ObjectNode config, Attention attention, Rope rope) {
    config.put("num_attention_heads", attention.heads());
    config.put("num_key_value_heads", attention.kvHeads());
    config.put(HEAD_DIM, attention.headDim());
    config.put("attention_bias", attention.inputBias());
    config.put("attention_dropout", 0.0);
    config.put("use_qk_norm", attention.headNorm());
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
    return rotaryDim(headDim, factor) == rotaryDim ? factor : Math.nextUp(factor);
  }

  private static void putFeedForward(ObjectNode config, DecoderSpec spec) {
    List<Integer> mixtureLayers = spec.mixtureLayers();
    if (mixtureLayers.isEmpty()) {
      throw new IllegalArgumentException("glm4_moe needs a layer that routes");
    }
    Mixture mixture = (Mixture) spec.layers().get(mixtureLayers.getFirst());
    int width = mixture.intermediateSize();
    config.put("hidden_act", "silu");
    config.put("num_hidden_layers", spec.layers().size());
    config.put("first_k_dense_replace", mixtureLayers.getFirst());
    config.put(
        "intermediate_size",
        spec.layers().getFirst() instanceof Dense(int denseWidth) ? denseWidth : width);
    config.put("moe_intermediate_size", width);
    config.put(EXPERTS, mixture.experts());
    config.put("n_shared_experts", mixture.sharedIntermediateSize() / width);
    config.put(TOP_K, mixture.topK());
    config.put("norm_topk_prob", mixture.router().normalised());
    config.put("routed_scaling_factor", mixture.router().scale());
    // transformers does not read these two; llama.cpp and vLLM guess wrongly without them.
    config.put("scoring_func", "sigmoid").put("topk_method", "noaux_tc");
    config.put("n_group", 1).put("topk_group", 1);
    config.put(PREDICTION_LAYERS, 0);
  }

  @Override
  public ObjectNode withExperts(ObjectNode config, int experts) {
    ObjectNode changed = config.deepCopy().put(EXPERTS, experts);
    return config.has(EXPERTS_ALIAS) ? changed.put(EXPERTS_ALIAS, experts) : changed;
  }

  @Override
  public ObjectNode withTopK(ObjectNode config, int topK) {
    return config.deepCopy().put(TOP_K, topK);
  }

  @Override
  public ObjectNode withRouterScale(ObjectNode config, double scale) {
    return config.deepCopy().put("routed_scaling_factor", scale);
  }

  @Override
  public boolean ignores(String tensor, ModelConfig config) {
    Matcher layer = LAYER_PREFIX.matcher(tensor);
    if (!layer.lookingAt()) {
      return false;
    }
    long past = Long.parseLong(layer.group(1)) - config.requirePositiveInt("num_hidden_layers");
    return past >= 0 && past < config.countOr(PREDICTION_LAYERS, 0);
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
