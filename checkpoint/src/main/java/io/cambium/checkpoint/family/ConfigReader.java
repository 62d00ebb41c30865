package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Activation;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.GroupScore;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Groups;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Norms;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.DecoderSpec.Router;
import io.cambium.checkpoint.family.DecoderSpec.Scales;
import io.cambium.checkpoint.family.DecoderSpec.Score;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What the config.json files of most families have in common. Every default is that of the family's
 * own class in transformers, and the caller names it, since the same key has different defaults in
 * different classes.
 */
final class ConfigReader {

  // Far above any model, far below what could not be held in memory.
  private static final int MAX_LAYERS = 1 << 11;
  private static final int MAX_EXPERTS = 1 << 16;

  private static final String HEAD_DIM = "head_dim";
  private static final String HEADS = "num_attention_heads";
  private static final String KEY_VALUE_HEADS = "num_key_value_heads";
  private static final String LAYER_TYPES = "layer_types";

  /** Keys that change the computation of families which Cambium does not run. */
  private static final List<String> NOT_COMPUTED =
      List.of("attn_logit_softcapping", "final_logit_softcapping");

  private final ModelConfig config;

  private ConfigReader(ModelConfig config, boolean mayBeQuantised) {
    this.config = config;
    NOT_COMPUTED.forEach(config::requireAbsent);
    if (!mayBeQuantised) {
      config.requireAbsent(Quantisation.KEY);
    }
  }

  /** Of a family whose checkpoints hold weights as they are. */
  ConfigReader(ModelConfig config) {
    this(config, false);
  }

  /** Of a family that knows of quantised checkpoints. */
  static ConfigReader ofQuantised(ModelConfig config) {
    return new ConfigReader(config, true);
  }

  ModelConfig config() {
    return config;
  }

  int hiddenSize() {
    return config.requirePositiveInt("hidden_size");
  }

  int layers() {
    return config.requireInt("num_hidden_layers", 1, MAX_LAYERS);
  }

  int experts(ExpertKeys keys) {
    return config.requireInt(present(keys.count()), 1, MAX_EXPERTS);
  }

  /** At most as many as there are experts. */
  int topK(ExpertKeys keys, int experts) {
    String key = present(keys.topK());
    int topK = config.requirePositiveInt(key);
    if (topK > experts) {
      throw config.unsupported(key, topK, "at most the number of experts, " + experts);
    }
    return topK;
  }

  /** The first of several names for one value that is there, the first of all if none is. */
  private String present(List<String> names) {
    List<String> present = names.stream().filter(config::has).toList();
    if (present.isEmpty()) {
      return names.getFirst();
    }
    JsonNode value = config.json().get(present.getFirst());
    for (String other : present) {
      JsonNode otherValue = config.json().get(other);
      if (!otherValue.equals(value)) {
        throw new CheckpointException(
            config.file(),
            "\"%s\" is %s, but \"%s\", another name for it, is %s"
                .formatted(present.getFirst(), value, other, otherValue),
            "keep the one with the value the model was trained with");
      }
    }
    return present.getFirst();
  }

  Activation silu() {
    config.requireValue("hidden_act", "silu");
    return Activation.SILU;
  }

  /** The activation, where the class computes any and Cambium two. */
  Activation activation() {
    return config.stringOr("hidden_act", "silu").equals("gelu_pytorch_tanh")
        ? Activation.GELU_TANH
        : silu();
  }

  Norms norms(double epsDefault) {
    return Norms.before(config.positiveDoubleOr("rms_norm_eps", epsDefault));
  }

  int heads() {
    return config.requirePositiveInt(HEADS);
  }

  /**
   * The size of a head.
   *
   * @param classDefault 0 where the class divides the hidden size by the number of heads
   */
  int headDim(int classDefault) {
    if (config.has(HEAD_DIM)) {
      return config.requirePositiveInt(HEAD_DIM);
    }
    return classDefault > 0 && !config.json().has(HEAD_DIM)
        ? classDefault
        : Math.max(1, hiddenSize() / heads());
  }

  /** Old Llama checkpoints have as many as heads, and write null or nothing. */
  private int keyValueHeads(int heads) {
    boolean llama = config.modelType().equals("llama");
    return llama && !config.has(KEY_VALUE_HEADS)
        ? heads
        : config.requirePositiveInt(KEY_VALUE_HEADS);
  }

  /** Grouped-query attention over all earlier tokens, scaled by the root of the head's size. */
  GroupedQuery attention(int headDim, boolean inputBias, HeadNorm headNorm, Rope rope) {
    int heads = heads();
    int kvHeads = keyValueHeads(heads);
    if (heads % kvHeads != 0) {
      throw config.unsupported(KEY_VALUE_HEADS, kvHeads, "a divisor of " + heads);
    }
    return GroupedQuery.plain(heads, kvHeads, headDim, inputBias, headNorm, rope);
  }

  /**
   * The same where one flag gives all four projections a bias.
   *
   * @param biasDefault the class's own default of {@code attention_bias}
   */
  GroupedQuery attentionWithFlag(int headDim, boolean biasDefault, HeadNorm headNorm, Rope rope) {
    boolean bias = config.booleanOr("attention_bias", biasDefault);
    return attention(headDim, bias, headNorm, rope).withOutputBias(bias);
  }

  /**
   * Experts without biases, none of them shared.
   *
   * @param widthKey where their width stands
   */
  Mixture mixture(ExpertKeys keys, String widthKey, Router router) {
    int experts = experts(keys);
    return new Mixture(
        experts, topK(keys, experts), config.requirePositiveInt(widthKey), 0, router);
  }

  /** The same feed-forward part in all layers. */
  List<FeedForward> inAllLayers(FeedForward part) {
    return Collections.nCopies(layers(), part);
  }

  /** A window over all layers: null is none. */
  Reach window(int classDefault) {
    if (!config.json().has("sliding_window")) {
      return classDefault == 0 ? Reach.FULL : Reach.window(classDefault);
    }
    return config.has("sliding_window")
        ? Reach.window(config.requirePositiveInt("sliding_window"))
        : Reach.FULL;
  }

  /**
   * The reach of each layer: as {@code layer_types} says, or the class's own rule where it is
   * missing.
   *
   * @param window that of a layer which slides
   * @param slides the class's own rule
   */
  IntFunction<Reach> reachOfLayers(Reach window, IntFunction<Boolean> slides) {
    List<JsonNode> types = layerTypes();
    if (types.isEmpty()) {
      return layer -> slides.apply(layer) ? window : Reach.FULL;
    }
    return layer ->
        switch (types.get(layer).asString("")) {
          case "full_attention" -> Reach.FULL;
          case "sliding_attention" -> window;
          default ->
              throw config.unsupported(
                  LAYER_TYPES, types.get(layer), "full_attention and sliding_attention");
        };
  }

  /** What {@code layer_types} says of each layer; empty where it is missing. */
  private List<JsonNode> layerTypes() {
    if (!config.has(LAYER_TYPES)) {
      return List.of();
    }
    JsonNode types = config.json().get(LAYER_TYPES);
    int layers = layers();
    if (!types.isArray()) {
      throw config.unsupported(LAYER_TYPES, types, "a list of " + layers + " entries");
    }
    if (types.size() != layers) {
      throw config.unsupported(LAYER_TYPES, types.size() + " entries", layers + " entries");
    }
    return types.valueStream().toList();
  }

  /** Refuses {@code layer_types} that are not those of a class which derives them. */
  void requireLayerTypes(IntFunction<String> derived) {
    List<JsonNode> types = layerTypes();
    for (int layer = 0; layer < types.size(); layer++) {
      String needed = derived.apply(layer);
      if (!types.get(layer).asString("").equals(needed)) {
        throw config.unsupported(LAYER_TYPES, types.get(layer), needed + " in layer " + layer);
      }
    }
  }

  /** Qwen's rule of which layers slide, if any does. */
  IntFunction<Boolean> fromMaxWindowLayers(int classDefault) {
    int from = config.countOr("max_window_layers", classDefault);
    return layer -> layer >= from;
  }

  /** Layers that slide only if {@code use_sliding_window} says that any does. */
  IntFunction<Reach> qwenReach(IntFunction<Boolean> slides) {
    if (config.booleanOr("use_sliding_window", false)) {
      return reachOfLayers(window(4096), slides);
    }
    requireFullAttention();
    return layer -> Reach.FULL;
  }

  /** Refuses {@code layer_types} that ask for a window where there is none. */
  void requireFullAttention() {
    IntFunction<Reach> reach = reachOfLayers(Reach.window(1), layer -> false);
    for (int layer = 0; layer < layers(); layer++) {
      if (!reach.apply(layer).equals(Reach.FULL)) {
        throw config.unsupported(
            LAYER_TYPES, config.json().get(LAYER_TYPES), "full_attention, without a window");
      }
    }
  }

  /** Layers that differ in their reach. */
  static List<Layer> layers(
      GroupedQuery attention, IntFunction<Reach> reach, List<FeedForward> feedForwards) {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < feedForwards.size(); i++) {
      layers.add(new Layer(attention.withReach(reach.apply(i)), feedForwards.get(i)));
    }
    return layers;
  }

  DecoderSpec decoder(boolean tiedDefault, Norms norms, Scales scales, List<Layer> layers) {
    return new DecoderSpec(
        config.requirePositiveInt("vocab_size"),
        hiddenSize(),
        config.booleanOr("tie_word_embeddings", tiedDefault),
        norms,
        scales,
        layers);
  }

  DecoderSpec decoder(boolean tiedDefault, Norms norms, List<Layer> layers) {
    return decoder(tiedDefault, norms, Scales.NONE, layers);
  }

  /** Granite's four factors but the attention's. */
  Scales graniteScales() {
    return new Scales(
        config.doubleOr("embedding_multiplier", 1),
        config.doubleOr("residual_multiplier", 1),
        config.positiveDoubleOr("logits_scaling", 1));
  }

  /** A rope over whole heads. */
  Rope rope(double thetaDefault, int headDim) {
    return rope(thetaDefault, headDim, false, new RopeScaling.None());
  }

  /** A rope over whole heads, which is all that most classes know. */
  Rope rope(double thetaDefault, int headDim, boolean interleaved, RopeScaling scalingDefault) {
    double partial = new RopeConfig(config).partialRotaryFactor(1);
    if (partial != 1) {
      throw config.unsupported("partial_rotary_factor", partial, 1);
    }
    return rope(thetaDefault, 1, headDim, interleaved, scalingDefault);
  }

  /**
   * The rope of all layers, in transformers' older style or its newer.
   *
   * @param partialDefault the share of each head that is rotated
   * @param scalingDefault where config.json says nothing of ropes
   */
  Rope rope(
      double thetaDefault,
      double partialDefault,
      int headDim,
      boolean interleaved,
      RopeScaling scalingDefault) {
    RopeConfig rope = new RopeConfig(config);
    double partial = rope.partialRotaryFactor(partialDefault);
    int rotaryDim = (int) (headDim * partial);
    if (rotaryDim < 2 || rotaryDim > headDim || rotaryDim % 2 != 0) {
      throw config.unsupported(
          "partial_rotary_factor", partial, "an even share of a head's " + headDim + " dimensions");
    }
    return new Rope(
        rope.theta(thetaDefault), rotaryDim, interleaved, scaling(rope, scalingDefault, rotaryDim));
  }

  /** How frequencies are scaled; LongRoPE's factors must be as many as there are pairs. */
  private RopeScaling scaling(RopeConfig rope, RopeScaling scalingDefault, int rotaryDim) {
    RopeScaling scaling = rope.scaling(scalingDefault);
    if (scaling instanceof RopeScaling.LongRope longRope) {
      int pairs = rotaryDim / 2;
      int shorts = longRope.shortFactors().size();
      int longs = longRope.longFactors().size();
      if (shorts != pairs || longs != pairs) {
        throw config.unsupported(
            "short_factor", shorts + " factors (long_factor: " + longs + ")", pairs + " of each");
      }
    }
    return scaling;
  }

  /** Hunyuan's rope over whole heads, whose base a fixed alpha may stretch. */
  Rope hunYuanRope(int headDim) {
    double theta = 10_000;
    RopeConfig rope = new RopeConfig(config);
    OptionalDouble alpha = rope.fixedAlpha();
    if (alpha.isEmpty()) {
      return rope(theta, headDim);
    }
    double stretch = Math.pow(alpha.getAsDouble(), headDim / (headDim - 2.0));
    return new Rope(rope.theta(theta) * stretch, headDim);
  }

  /** The width of an expert that is shared by {@code count} times a routed one's. */
  int sharedWidth(String countKey, @Nullable Integer countDefault, int width) {
    int most = Integer.MAX_VALUE / width;
    int count =
        countDefault != null && !config.json().has(countKey)
            ? countDefault
            : config.requireInt(countKey, 0, most);
    return Math.multiplyExact(count, width);
  }

  /** Norms behind the blocks. */
  Norms normsAfter(double epsDefault) {
    return new Norms(norms(epsDefault).eps(), false, true);
  }

  void requireFalse(String key) {
    if (config.booleanOr(key, false)) {
      throw config.unsupported(key, true, false);
    }
  }

  /** Refuses a constant that differs from the one the activation is computed with. */
  void requireNumber(String key, double supported) {
    double value = config.doubleOr(key, supported);
    if (value != supported) {
      throw config.unsupported(key, value, supported);
    }
  }

  List<Integer> integers(String key) {
    List<Integer> values = new ArrayList<>();
    for (JsonNode node : config.json().path(key)) {
      if (!node.canConvertToInt()) {
        throw config.unsupported(key, config.json().get(key), "a list of whole numbers");
      }
      values.add(node.intValue());
    }
    return values;
  }

  /**
   * Whether a layer rotates, where every so many do not: {@code no_rope_layers} holds 1 for yes.
   */
  boolean hasPositions(int layer) {
    List<Integer> listed = integers("no_rope_layers");
    if (listed.isEmpty()) {
      return (layer + 1) % config.positiveIntOr("no_rope_layer_interval", 4) != 0;
    }
    if (listed.size() != layers()) {
      throw config.unsupported("no_rope_layers", listed, layers() + " entries");
    }
    return listed.get(layer) != 0;
  }

  /** One part for the layers that route, the other for those that do not. */
  List<FeedForward> feedForwards(IntPredicate routes, Mixture mixture, Dense dense) {
    return IntStream.range(0, layers())
        .<FeedForward>mapToObj(layer -> routes.test(layer) ? mixture : dense)
        .toList();
  }

  /** Qwen's rule: every so many layers route, but for those in a list. */
  List<FeedForward> qwenFeedForwards(Mixture mixture) {
    List<Integer> denseLayers = integers("mlp_only_layers");
    int step = config.positiveIntOr("decoder_sparse_step", 1);
    return feedForwards(
        layer -> !denseLayers.contains(layer) && (layer + 1) % step == 0,
        mixture,
        new Dense(config.requirePositiveInt("intermediate_size"), silu()));
  }

  /**
   * DeepSeek-V3's feed-forward parts: dense first layers, then a sigmoid router with a selection
   * bias and shared experts.
   *
   * @param sharedDefault shared experts, in widths of a routed one; null if the key is needed
   */
  List<FeedForward> deepSeekFeedForwards(
      int denseDefault,
      @Nullable Integer sharedDefault,
      boolean normalisedDefault,
      double scaleDefault,
      int groupsDefault,
      int chosenGroupsDefault) {
    config.requireValue("scoring_func", "sigmoid");
    config.requireValue("topk_method", "noaux_tc");
    int experts = experts(ExpertKeys.DEEPSEEK_V3);
    Groups groups =
        new Groups(
            config.positiveIntOr("n_group", groupsDefault),
            config.positiveIntOr("topk_group", chosenGroupsDefault),
            GroupScore.BEST_TWO);
    Router router =
        new Router(
            Score.SIGMOID,
            false,
            true,
            config.booleanOr("norm_topk_prob", normalisedDefault),
            config.doubleOr("routed_scaling_factor", scaleDefault),
            fitting(groups, experts),
            false);
    int width = config.requirePositiveInt("moe_intermediate_size");
    Mixture mixture =
        new Mixture(
            experts,
            topK(ExpertKeys.DEEPSEEK_V3, experts),
            width,
            sharedWidth("n_shared_experts", sharedDefault, width),
            router);
    int denseLayers = config.countOr("first_k_dense_replace", denseDefault);
    Dense dense = new Dense(config.requirePositiveInt("intermediate_size"), silu());
    return feedForwards(layer -> layer >= denseLayers, mixture, dense);
  }

  /** Groups that divide the experts; all of them in play is the same as none. */
  Groups fitting(Groups groups, int experts) {
    if (groups.count() == groups.chosen()) {
      return Groups.ONE;
    }
    int least = groups.score() == GroupScore.BEST_TWO ? 2 : 1;
    if (experts % groups.count() != 0 || experts / groups.count() < least) {
      throw config.unsupported(
          "n_group", groups.count(), "a divisor of the experts that leaves " + least + " in each");
    }
    if (groups.chosen() > groups.count()) {
      throw config.unsupported("topk_group", groups.chosen(), "at most n_group");
    }
    return groups;
  }

  /**
   * DeepSeek's latent attention.
   *
   * @param interleaved whether rotated pairs lie side by side
   */
  Latent latentAttention(boolean interleaved) {
    requireFalse("attention_bias");
    int nope = config.requirePositiveInt("qk_nope_head_dim");
    int rotated = config.requirePositiveInt("qk_rope_head_dim");
    RopeConfig rope = new RopeConfig(config);
    return new Latent(
        heads(),
        config.has("q_lora_rank") ? config.requirePositiveInt("q_lora_rank") : 0,
        config.requirePositiveInt("kv_lora_rank"),
        nope,
        config.requirePositiveInt("v_head_dim"),
        rope.deepSeekAttentionScale() / Math.sqrt(nope + rotated),
        new Rope(
            rope.theta(10_000),
            rotated,
            interleaved,
            scaling(rope, new RopeScaling.None(), rotated)));
  }
}
