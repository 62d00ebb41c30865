package io.cambium.lab.experiment;

import io.cambium.training.config.ModelSizes;
import io.cambium.training.config.RunConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * An arm as the file describes it, the base's settings filled in; the same for every seed.
 *
 * @param place of the arm in its file, for errors
 * @param sizes of the new model that each seed begins with; null where {@code run} names a model
 * @param run settings of run.yaml but for the growth
 * @param growth settings of the growth; null for an arm that does not grow
 * @param upcycle null for an arm that begins with the model as it is
 * @param source overrides for the run that the arm's model comes from; empty where there is none
 *     but the arm's own beginning
 */
record ArmSettings(
    String name,
    String place,
    @Nullable ModelSizes sizes,
    ObjectNode run,
    @Nullable ObjectNode growth,
    @Nullable UpcycleSettings upcycle,
    Optional<List<String>> source) {

  /**
   * A run of this arm.
   *
   * @param goesOn whether from the model's own training state
   * @throws io.cambium.checkpoint.UsageException if the settings make no run
   */
  RunConfig config(Path model, long seed, boolean goesOn) {
    ObjectNode settings = settings(model, seed, goesOn);
    if (growth != null) {
      settings.set("growth", growth.deepCopy().put("seed", seed));
    }
    return RunConfig.read(place, settings, List.of());
  }

  /** The same without the growth. */
  RunConfig ungrown(Path model, long seed) {
    return RunConfig.read(place, settings(model, seed, false), List.of());
  }

  /** The run that the arm's own comes from: the same without the growth, and the overrides. */
  RunConfig sourceConfig(Path model, long seed) {
    ObjectNode settings = settings(model, seed, false);
    List<String> overrides = new ArrayList<>(source.orElse(List.of()));
    RunConfig config = RunConfig.read(place + ": source", settings, overrides);
    if (config.growth() == null) {
      return config;
    }
    overrides.add("growth.seed=" + seed);
    return RunConfig.read(place + ": source", settings, overrides);
  }

  /** The same arm with another number of experts; empty where the file names its model. */
  Optional<ArmSettings> withExperts(int experts) {
    if (upcycle != null) {
      return Optional.of(with(sizes, upcycle.withExperts(experts)));
    }
    return sizes == null ? Optional.empty() : Optional.of(with(sizes.withExperts(experts), null));
  }

  private ArmSettings with(
      @Nullable ModelSizes otherSizes, @Nullable UpcycleSettings otherUpcycle) {
    return new ArmSettings(name, place, otherSizes, run, growth, otherUpcycle, source);
  }

  private ObjectNode settings(Path model, long seed, boolean goesOn) {
    ObjectNode settings = run.deepCopy();
    settings.put("model", model.toString()).put("seed", seed);
    if (goesOn) {
      settings.put("branch", true);
    }
    return settings;
  }
}
