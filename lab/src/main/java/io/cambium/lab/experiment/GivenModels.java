package io.cambium.lab.experiment;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checkpoints that an experiment's file names, by their config.json alone. */
final class GivenModels {

  private GivenModels() {}

  /**
   * Whether one model is another one but for its number of experts; false where a config.json is
   * not there.
   *
   * @param experts of the second, in every layer that routes
   */
  static boolean differInExperts(Path one, Path other, int experts) {
    Path first = one.resolve("config.json");
    Path second = other.resolve("config.json");
    if (!Files.exists(first) || !Files.exists(second)) {
      return false;
    }
    ModelConfig small = new ModelConfig(first, Json.readObject(first));
    ModelConfig large = new ModelConfig(second, Json.readObject(second));
    Family family = Families.of(small);
    if (family != Families.of(large) || family.decoder(small).mixtureLayers().isEmpty()) {
      return false;
    }
    ModelConfig grown = new ModelConfig(first, family.withExperts(small.json(), experts));
    return family.decoder(grown).equals(family.decoder(large));
  }
}
