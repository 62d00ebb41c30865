package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.UsageException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The families Cambium knows. */
public final class Families {

  /** All of them, in alphabetical order. */
  public static final List<Family> ALL =
      List.of(
          new DeepseekV2(),
          new DeepseekV3(),
          new Dots1(),
          new Ernie45Moe(),
          new FlexOlmo(),
          new Gemma(),
          new Glm4Moe(),
          new GptOss(),
          new Granite(),
          new GraniteMoe(),
          new Llama(),
          new Llama4Text(),
          new MiniMaxM2(),
          new Mistral(),
          new Mixtral(),
          new Olmo2(),
          new Olmoe(),
          new Phi3(),
          new Qwen2(),
          new Qwen2Moe(),
          new Qwen3(),
          new Qwen3Moe());

  private Families() {}

  /**
   * The family of a {@code model_type}.
   *
   * @throws UsageException if it is not known
   */
  public static Family named(String modelType) {
    return find(modelType)
        .orElseThrow(
            () -> new UsageException(null, "family \"" + modelType + "\" is not known", known()));
  }

  /**
   * The family a config.json names.
   *
   * @throws CheckpointException if it is not known
   */
  public static Family of(ModelConfig config) {
    String type = config.modelType();
    return find(type)
        .orElseThrow(() ->
            new CheckpointException(
                config.file(), "model_type \"" + type + "\" is not known to Cambium", known()));
  }

  private static Optional<Family> find(String modelType) {
    return ALL.stream().filter(f -> f.modelType().equals(modelType)).findFirst();
  }

  private static String known() {
    return "known: " + ALL.stream().map(Family::modelType).collect(Collectors.joining(", "));
  }
}
