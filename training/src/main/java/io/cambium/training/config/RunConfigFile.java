package io.cambium.training.config;

import static java.util.stream.Collectors.joining;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.deser.std.StdConvertingDeserializer;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.ser.std.ToStringSerializer;
import tools.jackson.databind.util.StdConverter;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/** {@link RunConfig} in YAML: what a file leaves out is taken from the sections' defaults. */
final class RunConfigFile {

  private static final YAMLMapper MAPPER =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
          .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .addModule(
              new SimpleModule()
                  .addSerializer(Path.class, ToStringSerializer.instance)
                  .addDeserializer(Path.class, new StdConvertingDeserializer<>(new TextToPath())))
          .build();

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
          OptimizerConfig.DEFAULT,
          GroupsConfig.DEFAULT,
          ScheduleConfig.DEFAULT,
          BalanceConfig.DEFAULT,
          EvaluationConfig.DEFAULT,
          CheckpointConfig.DEFAULT,
          AlarmConfig.DEFAULT,
          false,
          ReleaseConfig.DEFAULT,
          GrowthConfig.DEFAULT);

  private static final KnownSettings KNOWN = new KnownSettings(MAPPER.valueToTree(COMPLETE));

  /** What has no default, and the remedy where it is missing. */
  private static final SortedMap<String, String> REQUIRED =
      new TreeMap<>(
          Map.of(
              "model", "name the checkpoint directory to start from",
              "data", "name the corpus directory to learn from",
              "steps", "say how many optimizer steps to make"));

  private RunConfigFile() {}

  static RunConfig read(Path file, List<String> overrides) {
    ObjectNode settings = parse(file);
    try {
      overrides.forEach(text -> SettingOverride.parse(text, MAPPER).applyTo(settings));
      return resolve(settings);
    } catch (UsageException e) {
      throw new UsageException(file, Objects.requireNonNull(e.getMessage()), null, e);
    }
  }

  /** Reads a file whose settings take the place of a complete record's. */
  static <T> T readOver(T defaults, Class<T> type, Path file) {
    ObjectNode complete = MAPPER.valueToTree(defaults);
    ObjectNode settings = parse(file);
    try {
      new KnownSettings(complete).check(settings);
      complete.setAll(settings);
      return convert(complete, type);
    } catch (UsageException e) {
      throw new UsageException(file, Objects.requireNonNull(e.getMessage()), null, e);
    }
  }

  static void write(RunConfig config, Path file) {
    try {
      Files.writeString(file, MAPPER.writeValueAsString(config));
    } catch (IOException e) {
      throw new CheckpointException(
          file, "cannot be written: " + e, "check free space and permissions", e);
    }
  }

  private static ObjectNode parse(Path file) {
    try {
      JsonNode node = MAPPER.readTree(Files.readAllBytes(file));
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new UsageException(file, "holds no settings", "write key: value lines");
    } catch (NoSuchFileException e) {
      throw new UsageException(file, "no such file", null, e);
    } catch (JacksonException e) {
      throw new UsageException(file, "is not valid YAML: " + e.getOriginalMessage(), null, e);
    } catch (IOException e) {
      throw new UsageException(file, "cannot be read: " + e, null, e);
    }
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
    return convert(settings, RunConfig.class);
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
    ObjectNode filled = MAPPER.valueToTree(defaults);
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

  /** Types fit by now; what is left to complain about are the records' own checks, and overflow. */
  private static <T> T convert(ObjectNode resolved, Class<T> type) {
    try {
      return MAPPER.treeToValue(resolved, type);
    } catch (JacksonException e) {
      if (e.getCause() instanceof UsageException usage) {
        throw usage;
      }
      String path =
          e.getPath().stream()
              .map(reference -> reference.getPropertyName())
              .filter(Objects::nonNull) // a place in a list
              .collect(joining("."));
      if (e instanceof InvalidFormatException wrong && wrong.getTargetType().isEnum()) {
        String names = Arrays.toString(wrong.getTargetType().getEnumConstants());
        throw new UsageException(path, "is \"" + wrong.getValue() + "\"", "one of " + names, e);
      }
      throw new UsageException(path, e.getOriginalMessage(), null, e);
    }
  }

  private static final class TextToPath extends StdConverter<String, Path> {
    @Override
    public Path convert(String text) {
      return Path.of(text);
    }
  }
}
