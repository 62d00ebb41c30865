package io.cambium.lab.experiment;

import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.training.schedule.Schedule;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Which configurations begin with the same steps, to the bit. */
final class SharedSteps {

  private SharedSteps() {}

  /**
   * Compares two runs of equal models.
   *
   * @param steps that are to be equal
   */
  static boolean agree(RunConfig a, RunConfig b, int steps) {
    return steps <= Math.min(a.steps(), b.steps())
        && beginning(a, steps).equals(beginning(b, steps));
  }

  /** What decides the first steps of a run: equal for all that begin with the same ones. */
  static ObjectNode beginning(RunConfig config, int steps) {
    ObjectNode settings = YamlSettings.tree(config);
    if (growsBefore(config, steps)) {
      return settings;
    }
    settings.remove(List.of("steps", "schedule", "growth"));
    // A model that comes in the middle of a release goes on with it.
    if (!config.branch()) {
      settings.remove("release");
    }
    ArrayNode factors = settings.putArray("factors");
    IntStream.rangeClosed(1, steps).forEach(step -> factors(config, step).forEach(factors::add));
    return settings;
  }

  /** Whether a run grows before so many steps are taken. */
  static boolean growsBefore(RunConfig config, int steps) {
    return config.growths().stream().anyMatch(growth -> growth.step() < steps);
  }

  private static List<Double> factors(RunConfig config, int step) {
    Schedule schedule =
        Schedule.of(config.schedule(), config.optimizer().learningRate(), config.steps(), 0);
    return List.of(
        schedule.learningRate(step), schedule.auxLossFactor(step), schedule.zLossFactor(step));
  }
}
