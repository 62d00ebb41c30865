package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.EditDistance;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The families Cambium knows. */
public final class Families {

  /** All that it runs. */
  public static final List<Family> ALL =
      List.of(
          new DeepseekV2(),
          new DeepseekV3(),
          new Dots1(),
          new Ernie45(),
          new Ernie45Moe(),
          new FlexOlmo(),
          new Gemma(),
          new Glm4Moe(),
          new GptOss(),
          new Granite(),
          new GraniteMoe(),
          new HunYuanDenseV1(),
          new HunYuanMoeV1(),
          new Llama(),
          new Llama4Text(),
          new MiniMaxM2(),
          new Mistral(),
          new Mixtral(),
          new Olmo2(),
          new Olmo3(),
          new Olmoe(),
          new Phi3(),
          new Qwen2(),
          new Qwen2Moe(),
          new Qwen3(),
          new Qwen3Moe(),
          new SeedOss(),
          new SmolLm3());

  /** Nothing else that Cambium does not compute. */
  private static final String NOT_DESCRIBED =
      "config keys or tensor names that are not described here yet";

  /** What a known family has that keeps it from being run, by {@code model_type}. */
  static final Map<String, String> NOT_RUN =
      Map.ofEntries(
          Map.entry("afmoe", "sandwich norms and gated attention"),
          Map.entry("cohere2_moe", "a parallel residual and LayerNorms"),
          Map.entry("dbrx", "fused attention, LayerNorms and stacked experts"),
          Map.entry("deepseek_v4", "hash-routed layers"),
          Map.entry("deepseek_v32", "sparse attention"),
          Map.entry("exaone_moe", NOT_DESCRIBED),
          Map.entry("gemma2", "sandwich norms and softcaps"),
          Map.entry("gemma3_text", "sandwich norms and two ropes"),
          Map.entry("glm4", "sandwich norms"),
          Map.entry("glm4_moe_lite", NOT_DESCRIBED),
          Map.entry("glm_moe_dsa", "sparse attention"),
          Map.entry("gpt2", "learned positions, LayerNorms and ungated feed-forward parts"),
          Map.entry("gpt_neox", "a parallel residual, LayerNorms and ungated feed-forward parts"),
          Map.entry("granitemoehybrid", "state-space layers"),
          Map.entry("granitemoeshared", NOT_DESCRIBED),
          Map.entry("hy_v3", NOT_DESCRIBED),
          Map.entry("jamba", "state-space layers"),
          Map.entry("kimi_k2", "no class in transformers (its tensors are those of deepseek_v3)"),
          Map.entry("llama4", "an image encoder (its text model is llama4_text)"),
          Map.entry("kimi_linear", "linear attention"),
          Map.entry("lfm2_moe", "convolution layers"),
          Map.entry("longcat_flash", "two attentions in a layer and empty experts"),
          Map.entry("mimo_v2_flash", "two kinds of attention"),
          Map.entry("minimax", "linear attention"),
          Map.entry("nemotron_h", "state-space layers and ungated experts"),
          Map.entry("olmo", "norms without weights"),
          Map.entry("phimoe", "a sparsemixer router and LayerNorms"),
          Map.entry("qwen3_5_moe", "linear attention"),
          Map.entry("qwen3_next", "linear attention"),
          Map.entry("qwen3_vl_moe", "an image encoder"),
          Map.entry("solar_open", NOT_DESCRIBED));

  private Families() {}

  /**
   * The family of a {@code model_type}.
   *
   * @throws UsageException if it is not known
   */
  public static Family named(String modelType) {
    return find(modelType)
        .orElseThrow(() -> new UsageException(null, refusal(modelType), remedy(modelType)));
  }

  /**
   * The family a config.json names.
   *
   * @throws CheckpointException if it is not known
   */
  public static Family of(ModelConfig config) {
    String type = config.modelType();
    return find(type)
        .orElseThrow(() -> new CheckpointException(config.file(), refusal(type), remedy(type)));
  }

  private static Optional<Family> find(String modelType) {
    return ALL.stream().filter(f -> f.modelType().equals(modelType)).findFirst();
  }

  private static String refusal(String type) {
    String reason = NOT_RUN.get(type);
    return reason == null
        ? "model_type \"" + type + "\" is not known to Cambium"
        : "model_type \""
            + type
            + "\" is known to Cambium, which does not run it: it has "
            + reason;
  }

  private static String remedy(String type) {
    String nearest =
        ALL.stream()
            .map(Family::modelType)
            .min(Comparator.comparingInt(known -> EditDistance.between(known, type)))
            .orElseThrow();
    return "the nearest family that it runs is "
        + nearest
        + "; all: "
        + ALL.stream().map(Family::modelType).collect(Collectors.joining(", "));
  }
}
