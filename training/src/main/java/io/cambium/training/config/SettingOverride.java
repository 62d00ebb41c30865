package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * One setting from the command line, {@code path.to.key=value}, the value in YAML.
 *
 * @param text as the user wrote it
 * @param path the keys, outermost first
 */
record SettingOverride(String text, List<String> path, JsonNode value) {

  static SettingOverride parse(String text, ObjectMapper yaml) {
    int equals = text.indexOf('=');
    List<String> path = Arrays.asList(text.substring(0, Math.max(equals, 0)).split("\\.", -1));
    if (path.contains("")) {
      throw new UsageException(
          "--set " + text, "is not path.to.key=value", "for example --set batch.sequences=32");
    }
    try {
      JsonNode value = yaml.readTree(text.substring(equals + 1));
      if (value.isMissingNode()) {
        throw new UsageException("--set " + text, "has no value", "write it after the =");
      }
      return new SettingOverride(text, path, value);
    } catch (JacksonException e) {
      throw new UsageException(
          "--set " + text, "the value is not valid YAML: " + e.getOriginalMessage(), null, e);
    }
  }

  /** Replaces the setting, or adds it, in a configuration's tree. */
  void applyTo(ObjectNode settings) {
    ObjectNode section = settings;
    for (String key : path.subList(0, path.size() - 1)) {
      JsonNode next = section.get(key);
      if (next == null || next.isNull()) {
        section = section.putObject(key);
      } else if (next instanceof ObjectNode inner) {
        section = inner;
      } else {
        throw new UsageException("--set " + text, key + " is " + next + ", not a section", null);
      }
    }
    section.set(path.getLast(), value);
  }
}
