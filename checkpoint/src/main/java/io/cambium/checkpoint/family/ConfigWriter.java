package io.cambium.checkpoint.family;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the config.json files of most families have in common, written: the counterpart of {@link
 * ConfigReader}. Every key that matters is written out, whatever a class's default, and ropes in
 * both styles, since transformers 4 silently ignores {@code rope_parameters}.
 */
final class ConfigWriter {

  private static final String ORIGINAL = "original_max_position_embeddings";

  private final ObjectNode json = Json.MAPPER.createObjectNode();
  private final DecoderSpec spec;
  private final GroupedQuery attention;

  /**
   * Begins a config.json.
   *
   * @throws IllegalArgumentException if the decoder has no layer, or latent attention
   */
  ConfigWriter(Family family, DecoderSpec spec, int maxPositions) {
    this.spec = spec;
    this.attention = groupedQuery(spec.layers().getFirst().attention());
    json.putArray("architectures").add(family.architecture());
    json.put("model_type", family.modelType());
    json.put("dtype", "float32").put("torch_dtype", "float32");
    json.put("vocab_size", spec.vocabSize());
    json.put("hidden_size", spec.hiddenSize());
    json.put("num_hidden_layers", spec.layers().size());
    json.put("rms_norm_eps", spec.norms().eps());
    json.put("tie_word_embeddings", spec.tiedEmbeddings());
    json.put("max_position_embeddings", maxPositions);
    json.put("num_attention_heads", attention.heads());
    json.put("num_key_value_heads", attention.kvHeads());
    json.put("head_dim", attention.headDim());
    json.put("attention_dropout", 0.0);
    json.put("initializer_range", 0.02);
    json.put("use_cache", true);
    json.put("hidden_act", activation() == Activation.GELU_TANH ? "gelu_pytorch_tanh" : "silu");
    putRope(attention.rope(), maxPositions);
  }

  private static GroupedQuery groupedQuery(Attention attention) {
    if (attention instanceof GroupedQuery grouped) {
      return grouped;
    }
    throw new IllegalArgumentException("it has no latent attention");
  }

  ObjectNode json() {
    return json;
  }

  DecoderSpec spec() {
    return spec;
  }

  GroupedQuery attention() {
    return attention;
  }

  /** The mixture of the first layer that routes. */
  Mixture mixture() {
    return spec.mixture(mixtureLayers().getFirst());
  }

  List<Integer> mixtureLayers() {
    List<Integer> layers = spec.mixtureLayers();
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("it needs a layer that routes");
    }
    return layers;
  }

  /** The layers that do not route. */
  List<Integer> denseLayers() {
    return IntStream.range(0, spec.layers().size())
        .filter(layer -> spec.layers().get(layer).feedForward() instanceof Dense)
        .boxed()
        .toList();
  }

  /** The width of the layers that do not route; the experts' where all do. */
  int denseWidth() {
    return spec.feedForwards().stream()
        .filter(Dense.class::isInstance)
        .map(part -> ((Dense) part).intermediateSize())
        .findFirst()
        .orElseGet(() -> mixture().intermediateSize());
  }

  private Activation activation() {
    return switch (spec.feedForwards().getFirst()) {
      case Dense dense -> dense.activation();
      case Mixture mixture -> mixture.activation();
    };
  }

  ConfigWriter put(String key, int value) {
    json.put(key, value);
    return this;
  }

  ConfigWriter put(String key, double value) {
    json.put(key, value);
    return this;
  }

  ConfigWriter put(String key, boolean value) {
    json.put(key, value);
    return this;
  }

  ConfigWriter put(String key, String value) {
    json.put(key, value);
    return this;
  }

  /** One flag for the biases of all four projections. */
  ConfigWriter biasFlag() {
    return put("attention_bias", attention.outputBias());
  }

  /** The share of each head that is rotated. */
  ConfigWriter partialRotary() {
    Rope rope = attention.rope();
    if (rope != null) {
      double share = partialRotary(attention.headDim(), rope.rotaryDim());
      json.put("partial_rotary_factor", share);
      json.withObject("rope_parameters").put("partial_rotary_factor", share);
    }
    return this;
  }

  /** A window over all layers, or null. */
  ConfigWriter window() {
    Reach reach = attention.reach();
    if (reach.kind() == Reach.Kind.WINDOW) {
      json.put("sliding_window", reach.tokens());
    } else {
      json.putNull("sliding_window");
    }
    return this;
  }

  /** Experts and how many of them a token visits. */
  ConfigWriter experts(ExpertKeys keys) {
    json.put(keys.count().getFirst(), mixture().experts());
    json.put(keys.topK().getFirst(), mixture().topK());
    return this;
  }

  /** Qwen's rule of which layers route, written as the list of those that do not. */
  ConfigWriter qwenLayers() {
    json.put("decoder_sparse_step", 1);
    ArrayNode dense = json.putArray("mlp_only_layers");
    denseLayers().forEach(dense::add);
    json.put("intermediate_size", denseWidth());
    json.put("moe_intermediate_size", mixture().intermediateSize());
    return this;
  }

  /** DeepSeek-V3's router and layers, one group: the dense ones come first. */
  ConfigWriter deepSeekLayers(ExpertKeys keys) {
    Mixture mixture = mixture();
    int width = mixture.intermediateSize();
    experts(keys);
    json.put("first_k_dense_replace", mixtureLayers().getFirst());
    json.put("intermediate_size", denseWidth());
    json.put("moe_intermediate_size", width);
    json.put("n_shared_experts", mixture.sharedIntermediateSize() / width);
    json.put("norm_topk_prob", mixture.router().normalised());
    json.put("routed_scaling_factor", mixture.router().scale());
    putSelection(json);
    json.put("n_group", 1).put("topk_group", 1);
    return this;
  }

  /**
   * Says that a router takes sigmoids and chooses with a bias. transformers does not read these
   * keys; llama.cpp and vLLM guess wrongly without them.
   */
  static void putSelection(ObjectNode json) {
    json.put("scoring_func", "sigmoid").put("topk_method", "noaux_tc");
  }

  /** Puts experts into one group where all groups are in play; llama.cpp aborts otherwise. */
  static void putOneGroup(ObjectNode json) {
    if (json.hasNonNull("n_group") && json.get("n_group").equals(json.get("topk_group"))) {
      json.put("n_group", 1).put("topk_group", 1);
    }
  }

  private void putRope(@Nullable Rope rope, int maxPositions) {
    if (rope == null) {
      throw new IllegalArgumentException("it has no layers without positions");
    }
    json.put("rope_theta", rope.theta());
    ObjectNode newer = json.putObject("rope_parameters").put("rope_theta", rope.theta());
    switch (rope.scaling()) {
      case RopeScaling.None() -> {
        json.putNull("rope_scaling");
        newer.put("rope_type", "default");
      }
      case RopeScaling scaling -> {
        if (scaling instanceof RopeScaling.LongRope longRope) {
          // The only place where transformers 4 looks for it.
          json.put(ORIGINAL, longRope.original());
        }
        putScaling(json.putObject("rope_scaling"), scaling);
        putScaling(newer, scaling);
      }
    }
  }

  private static void putScaling(ObjectNode rope, RopeScaling scaling) {
    switch (scaling) {
      case RopeScaling.None() -> rope.put("rope_type", "default");
      case RopeScaling.Linear(double factor) ->
          rope.put("rope_type", "linear").put("factor", factor);
      case RopeScaling.Llama3 llama ->
          rope.put("rope_type", "llama3")
              .put("factor", llama.factor())
              .put("low_freq_factor", llama.lowFrequency())
              .put("high_freq_factor", llama.highFrequency())
              .put(ORIGINAL, llama.original());
      case RopeScaling.Yarn yarn ->
          rope.put("rope_type", "yarn")
              .put("factor", yarn.factor())
              .put("beta_fast", yarn.betaFast())
              .put("beta_slow", yarn.betaSlow())
              .put(ORIGINAL, yarn.original())
              .put("truncate", yarn.truncate())
              .put("attention_factor", yarn.attention());
      case RopeScaling.LongRope longRope -> {
        rope.put("rope_type", "longrope")
            .put(ORIGINAL, longRope.original())
            .put("attention_factor", longRope.attention());
        longRope.shortFactors().forEach(rope.putArray("short_factor")::add);
        longRope.longFactors().forEach(rope.putArray("long_factor")::add);
      }
    }
  }

  /** The factor that rounds down to this many dimensions and not to one less. */
  private static double partialRotary(int headDim, int rotaryDim) {
    double factor = (double) rotaryDim / headDim;
    return (int) (headDim * factor) == rotaryDim ? factor : Math.nextUp(factor);
  }
}
