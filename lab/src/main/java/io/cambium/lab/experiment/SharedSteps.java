package io.cambium.lab.experiment;

import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import io.cambium.training.schedule.Schedule;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/** Whether two configurations begin with the same steps, to the bit. */
final class SharedSteps {

  private SharedSteps() {}

  /**
   * Compares two runs of equal models.
   *
   * @param steps that are to be equal
   */
  static boolean agree(RunConfig a, RunConfig b, int steps) {
    return steps <= Math.min(a.steps(), b.steps())
        && beginning(a).equals(beginning(b))
        && (a.equals(b) || (growsLater(a, steps) && growsLater(b, steps)))
        && IntStream.rangeClosed(1, steps)
            .allMatch(step -> factors(a, step).equals(factors(b, step)));
  }

  private static boolean growsLater(RunConfig config, int steps) {
    return config.growth() == null || config.growth().step(config.steps()) >= steps;
  }

  /** What matters before a growth, but for the schedule. */
  private static ObjectNode beginning(RunConfig config) {
    ObjectNode settings = YamlSettings.tree(config);
    // A model that comes in the middle of a release goes on with it.
    settings.remove(
        config.branch()
            ? List.of("steps", "schedule", "growth")
            : List.of("steps", "schedule", "growth", "release"));
    return settings;
  }

  private static List<Double> factors(RunConfig config, int step) {
    Schedule schedule =
        Schedule.of(config.schedule(), config.optimizer().learningRate(), config.steps(), 0);
    return List.of(
        schedule.learningRate(step), schedule.auxLossFactor(step), schedule.zLossFactor(step));
  }
}
