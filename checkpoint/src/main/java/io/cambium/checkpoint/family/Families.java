package io.cambium.checkpoint.family;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import java.util.List;
import java.util.stream.Collectors;

/** The families Cambium knows. */
public final class Families {

  /** All of them, in alphabetical order. */
  public static final List<Family> ALL = List.of(new Glm4Moe());

  private Families() {}

  /**
   * The family a config.json names.
   *
   * @throws CheckpointException if it is not known
   */
  public static Family of(ModelConfig config) {
    String type = config.modelType();
    return ALL.stream()
        .filter(f -> f.modelType().equals(type))
        .findFirst()
        .orElseThrow(() ->
            new CheckpointException(
                config.file(),
                "model_type \"" + type + "\" is not known to Cambium",
                "known: " + ALL.stream().map(Family::modelType).collect(Collectors.joining(", "))));
  }
}
