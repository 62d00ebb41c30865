package io.cambium.upcycle.engine;

import com.fasterxml.jackson.annotation.JsonValue;
import io.cambium.checkpoint.EditDistance;
import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A program that runs checkpoints, by the name that users type. */
public enum Engine {
  TRANSFORMERS_4("transformers4", TransformersRules.VERSION_4),
  TRANSFORMERS_5("transformers5", TransformersRules.VERSION_5),
  VLLM("vllm", VllmRules.ALL),
  LLAMA_CPP("llama.cpp", LlamaCppRules.ALL);

  /** Those that every result shall run on unless a user says otherwise. */
  public static final List<Engine> DEFAULT = List.of(TRANSFORMERS_4, TRANSFORMERS_5);

  private final String text;
  private final List<Rule> rules;

  Engine(String text, List<Rule> ownRules) {
    this.text = text;
    this.rules = new ArrayList<>(Rule.OF_ALL_ENGINES);
    this.rules.addAll(ownRules);
  }

  List<Rule> rules() {
    return rules;
  }

  /** Whether it will run a checkpoint. */
  public Verdict verdict(Candidate candidate) {
    return Verdict.of(
        candidate, rules.stream().filter(rule -> rule.applies().test(candidate)).toList());
  }

  /** The same of every engine. */
  public static SequencedMap<Engine, Verdict> verdicts(Candidate candidate) {
    SequencedMap<Engine, Verdict> verdicts = new TreeMap<>();
    for (Engine engine : values()) {
      verdicts.put(engine, engine.verdict(candidate));
    }
    return verdicts;
  }

  /**
   * Engines as users write them, separated by commas.
   *
   * @throws UsageException if one is unknown; it suggests the nearest name
   */
  public static List<Engine> parse(String names) {
    Set<Engine> engines = new LinkedHashSet<>();
    for (String name : names.split(",", -1)) {
      engines.add(named(name.strip()));
    }
    return List.copyOf(engines);
  }

  private static Engine named(String name) {
    return Arrays.stream(values())
        .filter(engine -> engine.text.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new UsageException(
                "option runs-on",
                "\"" + name + "\" is no engine",
                "the nearest is " + nearest(name) + "; all: " + joined(List.of(values()))));
  }

  private static Engine nearest(String name) {
    return Arrays.stream(values())
        .min(Comparator.comparingInt(engine -> EditDistance.between(engine.text, name)))
        .orElseThrow();
  }

  /** Several as users write them. */
  public static String joined(List<Engine> engines) {
    return engines.stream().map(Engine::toString).collect(Collectors.joining(","));
  }

  @JsonValue
  @Override
  public String toString() {
    return text;
  }
}
