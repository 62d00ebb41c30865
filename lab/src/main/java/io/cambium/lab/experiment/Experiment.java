package io.cambium.lab.experiment;

import io.cambium.checkpoint.UsageException;
import io.cambium.training.config.GrowthConfig;
import io.cambium.training.config.ModelSizes;
import io.cambium.training.config.RunConfig;
import io.cambium.training.config.YamlSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Arms times seeds on one budget, as experiment.yaml describes them.
 *
 * @param seeds of weights, data and whatever else is drawn; each arm is run with every one
 */
public record Experiment(List<Long> seeds, List<ArmSettings> arms) {

  private static final String MODEL = "model";
  private static final String GROWTH = "growth";
  private static final String UPCYCLE = "upcycle";
  private static final String SOURCE = "source";
  private static final String SET = "set";
  private static final String SEED = "seed";
  private static final List<String> KEYS = List.of("base", SET, SOURCE, "seeds", "arms");
  private static final List<String> ARM_KEYS = List.of(MODEL, GROWTH, UPCYCLE, SOURCE, SET);

  /** Arms are directories. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  public Experiment {
    seeds = List.copyOf(seeds);
    arms = List.copyOf(arms);
  }

  /**
   * Reads a file strictly.
   *
   * @throws UsageException with file, arm and key, and what to write instead
   */
  public static Experiment read(Path file) {
    ObjectNode root = YamlSettings.read(file);
    return at(
        file,
        () -> {
          YamlSettings.requireKeys(root, "", KEYS);
          ObjectNode base = base(file, root);
          requireOwn(SET, overrides(root, SET), MODEL, GROWTH, UPCYCLE);
          ObjectNode arms = section(root, "arms", true);
          if (arms.isEmpty()) {
            throw new UsageException("arms", "holds no arm", "write name: {} for each");
          }
          List<ArmSettings> read = new ArrayList<>();
          for (String name : arms.propertyNames()) {
            String place = file + ": arms." + name;
            read.add(
                at("arms." + name, () -> arm(name, place, base, root, section(arms, name, true))));
          }
          return new Experiment(seeds(root), read);
        });
  }

  /** The base's settings, with the file's own over them. */
  private static ObjectNode base(Path file, ObjectNode root) {
    JsonNode said = root.path("base");
    ObjectNode base =
        switch (said) {
          case ObjectNode inline -> inline.deepCopy();
          case JsonNode path when path.isString() ->
              YamlSettings.read(file.resolveSibling(path.stringValue()));
          default ->
              throw new UsageException(
                  "base", "is missing", "name a run.yaml, or write its settings below it");
        };
    if (said.isObject()) {
      refuseSeed("base", base);
      refuseSeed("base." + GROWTH, base.path(GROWTH));
    }
    at(said.isString() ? said.stringValue() : "base", () -> check(base));
    return base;
  }

  /** The file has seeds; a run.yaml that it names as its base may have one, which they replace. */
  private static void refuseSeed(String path, JsonNode section) {
    if (section.has(SEED)) {
      throw comesFromSeeds(path + "." + SEED);
    }
  }

  private static UsageException comesFromSeeds(String path) {
    return new UsageException(path, "comes from seeds", "leave it out");
  }

  /**
   * Keys and types alone: what is missing may come from an arm, and what does not fit be changed.
   */
  private static RunConfig check(ObjectNode base) {
    if (base.has(GROWTH)) {
      at(GROWTH, () -> GrowthConfig.incomplete(section(base, GROWTH, true)));
    }
    if (base.has(UPCYCLE)) {
      at(UPCYCLE, () -> UpcycleSection.incomplete(section(base, UPCYCLE, true)));
    }
    ObjectNode run = base.deepCopy();
    run.remove(List.of(MODEL, UPCYCLE, GROWTH));
    ObjectNode missing = run.objectNode().put(MODEL, "").put("data", "").put("steps", 1);
    missing.properties().forEach(setting -> run.putIfAbsent(setting.getKey(), setting.getValue()));
    return RunConfig.read("settings", run, List.of());
  }

  private static List<Long> seeds(ObjectNode root) {
    JsonNode seeds = root.path("seeds");
    Set<Long> read = new LinkedHashSet<>();
    if (seeds.isArray() && seeds.valueStream().allMatch(JsonNode::isIntegralNumber)) {
      seeds.forEach(seed -> read.add(seed.longValue()));
    }
    if (read.isEmpty() || read.size() != seeds.size()) {
      throw new UsageException(
          "seeds", "are " + seeds, "give different whole numbers, such as [1, 2, 3]");
    }
    return List.copyOf(read);
  }

  private static ArmSettings arm(
      String name, String place, ObjectNode base, ObjectNode root, ObjectNode arm) {
    if (!NAME.matcher(name).matches() || name.startsWith(SOURCE + "-")) {
      throw new UsageException(
          null,
          "is no name for an arm",
          "write letters, digits, - and ., and do not begin with source-");
    }
    YamlSettings.requireKeys(arm, "", ARM_KEYS);
    ObjectNode run = base.deepCopy();
    ModelSizes sizes = sizes(run, arm.path(MODEL));
    refuseSeed(GROWTH, arm.path(GROWTH));
    ObjectNode growth = asked(run, arm, GROWTH);
    ObjectNode upcycle = asked(run, arm, UPCYCLE);
    List<String> set = overrides(arm, SET);
    requireOwn(SET, set, MODEL, GROWTH, UPCYCLE);
    List<String> overrides = Stream.concat(overrides(root, SET).stream(), set.stream()).toList();
    return new ArmSettings(
        name,
        place,
        sizes,
        YamlSettings.overridden(run, overrides),
        growth,
        upcycle == null ? null : at(UPCYCLE, () -> UpcycleSection.read(upcycle)),
        source(root, arm));
  }

  /** Takes the sizes of a new model out of the settings; null where they name a model. */
  private static @Nullable ModelSizes sizes(ObjectNode run, JsonNode arms) {
    JsonNode bases = run.path(MODEL);
    if (arms.isString()) {
      run.set(MODEL, arms);
      return null;
    }
    if (!arms.isMissingNode() && !arms.isObject()) {
      throw new UsageException(
          MODEL, "is " + arms, "name a checkpoint, or give sizes: {experts: 8}");
    }
    if (bases.isString()) {
      if (arms.isMissingNode()) {
        return null;
      }
      throw new UsageException(
          MODEL,
          "has sizes that differ from those of " + bases.stringValue() + ", which is a checkpoint",
          "give the base's model as sizes, or name another checkpoint");
    }
    ObjectNode sizes = bases instanceof ObjectNode own ? own.deepCopy() : run.objectNode();
    if (arms instanceof ObjectNode own) {
      sizes.setAll(own);
    }
    run.remove(MODEL);
    return at(MODEL, () -> YamlSettings.over(ModelSizes.DEFAULT, ModelSizes.DEFAULT, sizes));
  }

  /** Takes a section out of the base's settings; null unless the arm asks for it. */
  private static @Nullable ObjectNode asked(ObjectNode run, ObjectNode arm, String key) {
    ObjectNode bases = section(run, key, false);
    run.remove(key);
    if (!arm.has(key)) {
      return null;
    }
    ObjectNode filled = bases.deepCopy();
    filled.setAll(section(arm, key, true));
    return filled;
  }

  /** The file's, with the arm's over them; none at all for an arm that says null. */
  private static Optional<List<String>> source(ObjectNode root, ObjectNode arm) {
    if (arm.path(SOURCE).isNull() || !(root.has(SOURCE) || arm.has(SOURCE))) {
      return Optional.empty();
    }
    List<String> overrides = new ArrayList<>(overrides(root, SOURCE));
    overrides.addAll(overrides(arm, SOURCE));
    requireOwn(SOURCE, overrides, MODEL);
    return Optional.of(overrides);
  }

  /** Refuses what has a place of its own, and the seed. */
  private static void requireOwn(String section, List<String> overrides, String... elsewhere) {
    for (String override : overrides) {
      String path = path(override);
      for (String key : elsewhere) {
        if (path.equals(key) || path.startsWith(key + ".")) {
          throw new UsageException(
              section + "." + path, "is not set here", "write it below " + key);
        }
      }
      if (path.equals(SEED) || path.equals(GROWTH + "." + SEED)) {
        throw comesFromSeeds(section + "." + path);
      }
    }
  }

  private static String path(String override) {
    return override.substring(0, override.indexOf('='));
  }

  /** A section's settings as {@code path.to.key=value}. */
  private static List<String> overrides(ObjectNode from, String key) {
    List<String> overrides = new ArrayList<>();
    addOverrides(section(from, key, false), "", overrides);
    return overrides;
  }

  private static void addOverrides(ObjectNode section, String prefix, List<String> to) {
    section
        .properties()
        .forEach(setting -> {
          String path = prefix + setting.getKey();
          if (setting.getValue() instanceof ObjectNode inner) {
            addOverrides(inner, path + ".", to);
          } else {
            to.add(path + "=" + setting.getValue());
          }
        });
  }

  private static ObjectNode section(ObjectNode of, String key, boolean required) {
    JsonNode section = of.path(key);
    if (section instanceof ObjectNode settings) {
      return settings;
    }
    if (required || !section.isMissingNode()) {
      throw new UsageException(
          key,
          section.isMissingNode() ? "is missing" : "is " + section + ", not a section",
          "write key: value lines below it, or {} for none");
    }
    return of.objectNode();
  }

  /** Says where an error is. */
  private static <T> T at(Object place, Supplier<T> read) {
    try {
      return read.get();
    } catch (UsageException e) {
      throw new UsageException(place, Objects.requireNonNull(e.getMessage()), null, e);
    }
  }
}
