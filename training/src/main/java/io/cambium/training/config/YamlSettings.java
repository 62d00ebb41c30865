package io.cambium.training.config;

import static java.util.stream.Collectors.joining;

import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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

/** Settings in YAML, read strictly into typed records. */
public final class YamlSettings {

  static final YAMLMapper MAPPER =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
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

  private YamlSettings() {}

  /**
   * Reads a file of {@code key: value} lines.
   *
   * @throws UsageException if it is missing, no YAML, or something else
   */
  public static ObjectNode read(Path file) {
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

  /** A record's settings, under the names that they have in a file. */
  public static ObjectNode tree(Object settings) {
    return MAPPER.valueToTree(settings);
  }

  /** The same as text. */
  public static String text(Object settings) {
    return MAPPER.writeValueAsString(settings);
  }

  /**
   * The settings in which two records of one type differ, each as {@code path.to.key: before, now
   * after}.
   */
  public static List<String> differences(Object before, Object after) {
    List<String> differences = new ArrayList<>();
    addDifferences(tree(before), tree(after), "", differences);
    return differences;
  }

  private static void addDifferences(
      ObjectNode before, ObjectNode after, String prefix, List<String> to) {
    Set<String> keys = new LinkedHashSet<>(before.propertyNames());
    keys.addAll(after.propertyNames());
    for (String key : keys) {
      JsonNode one = before.path(key);
      JsonNode other = after.path(key);
      if (one instanceof ObjectNode section && other instanceof ObjectNode same) {
        addDifferences(section, same, prefix + key + ".", to);
      } else if (!one.equals(other)) {
        to.add("%s: %s, now %s".formatted(prefix + key, shown(one), shown(other)));
      }
    }
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() || value.isNull() ? "none" : value.asString(value.toString());
  }

  /**
   * Settings that take the place of a record's.
   *
   * @param example a record of the same type with a value for every key
   * @throws UsageException with the path of a setting that is not known, or of another type
   */
  public static <T> T over(T defaults, T example, ObjectNode settings) {
    new KnownSettings(tree(example)).check(settings);
    ObjectNode complete = tree(defaults);
    complete.setAll(settings);
    @SuppressWarnings("unchecked") // the class of a T
    Class<T> type = (Class<T>) defaults.getClass();
    return convert(complete, type);
  }

  /**
   * Refuses keys that are not known, with the nearest one that is.
   *
   * @param path of the section, with a dot at its end; empty for the whole file
   */
  public static void requireKeys(ObjectNode section, String path, List<String> known) {
    ObjectNode complete = MAPPER.createObjectNode();
    known.forEach(complete::putNull);
    new KnownSettings(complete).checkKeys(section, path);
  }

  /**
   * Settings with others put in their place.
   *
   * @param overrides each {@code path.to.key=value}, the value in YAML
   */
  public static ObjectNode overridden(ObjectNode settings, List<String> overrides) {
    ObjectNode overridden = settings.deepCopy();
    overrides.forEach(text -> SettingOverride.parse(text, MAPPER).applyTo(overridden));
    return overridden;
  }

  /** Types fit by now; what is left to complain about are the records' own checks, and overflow. */
  static <T> T convert(ObjectNode resolved, Class<T> type) {
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
