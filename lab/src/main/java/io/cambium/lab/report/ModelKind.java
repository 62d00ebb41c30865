package io.cambium.lab.report;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** What a model that a run began with has in common with those of other seeds. */
final class ModelKind {

  /** How the lab names what each seed has one of. */
  private static final String SEED = "\\bseed[-_]?\\d+";

  private ModelKind() {}

  /**
   * The model's path but for {@code seed-N} in it; and if it is still there, its config.json and
   * how its experts came to be, without seeds and what follows from them. Weights cannot tell
   * whether they are those of another seed or another model altogether, so that paths that differ
   * otherwise are models of different kinds.
   */
  static String of(Path model) {
    StringBuilder kind = new StringBuilder(model.toString().replaceAll(SEED, "seed"));
    Path config = model.resolve("config.json");
    if (Files.exists(config)) {
      kind.append(' ').append(Json.readObject(config)).append(' ').append(origin(model));
    }
    return kind.toString();
  }

  private static List<ObjectNode> origin(Path model) {
    Optional<Manifest> manifest = Manifest.read(model);
    List<ObjectNode> steps =
        manifest.stream()
            .flatMap(
                made -> Stream.concat(Stream.ofNullable(made.sparse()), made.growth().stream()))
            .map(step -> Json.MAPPER.<ObjectNode>valueToTree(step))
            .toList();
    steps.forEach(step -> step.remove(List.of("seed", "realised", "parents")));
    return steps;
  }
}
