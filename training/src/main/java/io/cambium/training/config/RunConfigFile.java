package io.cambium.training.config;

import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/** {@link RunConfig} in YAML: what a file leaves out is taken from the sections' defaults. */
final class RunConfigFile {

  /** Every setting there is, with any value of its type. */
  private static final RunConfig COMPLETE =
      new RunConfig(
          Path.of("model"),
          Path.of("data"),
          List.of(Path.of("another")),
          new TreeMap<>(),
          0,
          1000,
          BatchConfig.DEFAULT,
          1,
          DistributedConfig.DEFAULT,
          OptimizerConfig.DEFAULT,
          GroupsConfig.DEFAULT,
          ScheduleConfig.DEFAULT,
          BalanceConfig.DEFAULT,
          EvaluationConfig.DEFAULT,
          CheckpointConfig.DEFAULT,
          AlarmConfig.DEFAULT,
          false,
          ReleaseConfig.DEFAULT,
          GrowthConfig.COMPLETE);

  private static final KnownSettings KNOWN = new KnownSettings(YamlSettings.tree(COMPLETE));

  /** What has no default, and the remedy where it is missing. */
  private static final SortedMap<String, String> REQUIRED =
      new TreeMap<>(
          Map.of(
              "model", "name the checkpoint directory to start from",
              "data", "name the corpus directory to learn from",
              "steps", "say how many optimizer steps to make"));

  private RunConfigFile() {}

  /**
   * Reads settings.
   *
   * @param place that they come from
   */
  static RunConfig read(Object place, ObjectNode settings, List<String> overrides) {
    try {
      return resolve(YamlSettings.overridden(settings, overrides));
    } catch (UsageException e) {
      throw new UsageException(place, Objects.requireNonNull(e.getMessage()), null, e);
    }
  }

  /** Reads a file whose settings take the place of a complete record's. */
  static <T> T readOver(T defaults, Path file) {
    ObjectNode settings = YamlSettings.read(file);
    try {
      return YamlSettings.over(defaults, defaults, settings);
    } catch (UsageException e) {
      throw new UsageException(file, Objects.requireNonNull(e.getMessage()), null, e);
    }
  }

  static void write(RunConfig config, Path file) {
    AtomicFile.write(file, YamlSettings.text(config));
  }

  private static RunConfig resolve(ObjectNode settings) {
    if (settings.path("growth").isNull()) {
      settings.remove("growth"); // how an override takes the growth of a file away
    }
    KNOWN.check(settings);
    REQUIRED.forEach((key, remedy) -> require(settings, key, remedy));
    if (!settings.has("seed")) {
      settings.put("seed", 0);
    }
    if (!settings.has("sources")) {
      settings.putArray("sources");
    }
    if (!settings.has("mix")) {
      settings.putObject("mix");
    }
    if (!settings.has("branch")) {
      settings.put("branch", false);
    }
    fill(settings, "batch", BatchConfig.DEFAULT);
    fill(settings, "distributed", DistributedConfig.DEFAULT);
    fill(settings, "optimizer", OptimizerConfig.DEFAULT);
    fill(settings, "groups", GroupsConfig.DEFAULT);
    fill(settings, "schedule", ScheduleConfig.defaults(form(settings)));
    fill(settings, "balance", BalanceConfig.DEFAULT);
    fill(settings, "evaluate", EvaluationConfig.DEFAULT);
    fill(settings, "checkpoint", CheckpointConfig.DEFAULT);
    fill(settings, "alarms", AlarmConfig.DEFAULT);
    fill(settings, "release", ReleaseConfig.DEFAULT);
    if (settings.has("growth")) {
      fill(settings, "growth", GrowthConfig.DEFAULT);
    }
    if (!settings.has("workers")) {
      // What is no int is refused with the rest of the section.
      int sequences = settings.path("batch").path("sequences").asInt(1);
      settings.put("workers", Math.min(Runtime.getRuntime().availableProcessors(), sequences));
    }
    return YamlSettings.convert(settings, RunConfig.class);
  }

  /** Which defaults a schedule has. A form that there is not is complained about later. */
  private static ScheduleConfig.Form form(ObjectNode settings) {
    String form = settings.path("schedule").path("form").asString("");
    return Arrays.stream(ScheduleConfig.Form.values())
        .filter(known -> known.toString().equals(form))
        .findFirst()
        .orElse(ScheduleConfig.Form.WSD);
  }

  /** Adds the defaults of a section to what is said of it. */
  private static void fill(ObjectNode settings, String section, Object defaults) {
    ObjectNode filled = YamlSettings.tree(defaults);
    if (settings.get(section) instanceof ObjectNode said) {
      replace(filled, said);
    }
    settings.set(section, filled);
  }

  /** Replaces the settings that are said, one by one also inside a section's own sections. */
  private static void replace(ObjectNode settings, ObjectNode said) {
    said.properties()
        .forEach(setting -> {
          if (setting.getValue() instanceof ObjectNode inner) {
            replace((ObjectNode) settings.get(setting.getKey()), inner);
          } else {
            settings.set(setting.getKey(), setting.getValue());
          }
        });
  }

  private static void require(ObjectNode settings, String key, String remedy) {
    if (!settings.has(key)) {
      throw new UsageException(key, "is missing", remedy);
    }
  }
}
