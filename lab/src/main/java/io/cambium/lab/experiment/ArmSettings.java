package io.cambium.lab.experiment;

import io.cambium.training.config.ModelSizes;
import io.cambium.training.config.RunConfig;
import io.cambium.upcycle.dense.DenseSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
    @Nullable DenseSettings upcycle,
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

  /** Whether another arm begins with the same model, made in the same way. */
  boolean beginsLike(ArmSettings other) {
    return Objects.equals(sizes, other.sizes)
        && (sizes != null || model().equals(other.model()))
        && Objects.equals(upcycle, other.upcycle)
        && (upcycle == null || source.equals(other.source));
  }

  /**
   * Whether another arm begins as this one would with so many routed experts in a layer. Of models
   * that the file names, those with one config.json but for the number of experts are taken for
   * such.
   */
  boolean beginsLike(ArmSettings other, int experts) {
    if (upcycle != null) {
      return upcycle
          .withRoutedExperts(experts)
          .filter(more -> with(sizes, more).beginsLike(other))
          .isPresent();
    }
    if (sizes != null) {
      return with(sizes.withExperts(experts), null).beginsLike(other);
    }
    return other.sizes == null
        && other.upcycle == null
        && GivenModels.differInExperts(model(), other.model(), experts);
  }

  /** Where the model is, of an arm whose file names it. */
  Path model() {
    return Path.of(run.path("model").asString("")).toAbsolutePath().normalize();
  }

  private ArmSettings with(@Nullable ModelSizes otherSizes, @Nullable DenseSettings otherUpcycle) {
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
