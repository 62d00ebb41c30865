package io.cambium.lab.report;

import io.cambium.lab.LoadBalance;
import io.cambium.lab.RunHistory;
import io.cambium.training.metrics.Metric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Runs that differ by seed only, at their last evaluations. Losses are nats per token.
 *
 * @param name of the first of them
 * @param runs their names
 * @param firstStep the first step that the run logged: above 1 for one that branched from another
 * @param experts routed experts per layer at the end; 0 for a dense model
 * @param tokens training tokens at the last evaluation; of several runs the fewest
 * @param meanLoss mean over the domains
 * @param loss by domain
 * @param jump loss just after the last growth minus that before; empty where none grew
 */
@JsonNaming(SnakeCaseStrategy.class)
public record SeedGroup(
    String name,
    List<String> runs,
    long firstStep,
    int experts,
    long tokens,
    Interval meanLoss,
    SortedMap<String, Interval> loss,
    List<Interval> jump,
    Interval expertSteps,
    Interval seconds,
    Interval maxVio,
    Interval dead) {

  private static final YAMLMapper YAML = new YAMLMapper();

  /** A run and its name. */
  private record Named(String name, RunHistory run) {}

  /** Puts runs together, in the order of their first ones. */
  static List<SeedGroup> of(SequencedMap<String, RunHistory> runs) {
    Map<String, List<Named>> groups = new LinkedHashMap<>();
    runs.forEach((name, run) ->
        groups
            .computeIfAbsent(withoutSeed(run), key -> new ArrayList<>())
            .add(new Named(name, run)));
    return groups.values().stream().map(SeedGroup::of).toList();
  }

  /**
   * What the runs of a group have in common: the configuration without its seeds, and of the model
   * what it is instead of where it lies, since each seed may begin with weights of its own.
   */
  private static String withoutSeed(RunHistory run) {
    JsonNode yaml = YAML.readTree(run.configuration());
    if (!(yaml instanceof ObjectNode settings)) {
      return run.directory().toString();
    }
    settings.remove("seed");
    if (settings.get("growth") instanceof ObjectNode growth) {
      growth.remove("seed");
    }
    if (settings.path("model").isString()) {
      Path config = Path.of(settings.path("model").stringValue()).resolve("config.json");
      if (Files.exists(config)) {
        settings.put("model", read(config));
      }
    }
    return settings + " from step " + run.steps().getFirst().step();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SeedGroup of(List<Named> named) {
    List<RunHistory> runs = named.stream().map(Named::run).toList();
    List<LoadBalance> balance =
        runs.stream().filter(run -> run.experts() > 0).map(LoadBalance::atEnd).toList();
    List<Metric.Evaluation> last = runs.stream().map(RunHistory::finalEvaluation).toList();
    List<Double> jumps =
        runs.stream()
            .flatMap(run -> run.growth().stream())
            .map(growth -> growth.lossAfter() - growth.lossBefore())
            .toList();
    return new SeedGroup(
        named.getFirst().name(),
        named.stream().map(Named::name).toList(),
        runs.getFirst().steps().getFirst().step(),
        runs.getFirst().experts(),
        last.stream().mapToLong(Metric.Evaluation::tokens).min().orElseThrow(),
        interval(last, Metric.Evaluation::meanLoss),
        byDomain(last),
        jumps.isEmpty() ? List.of() : List.of(Interval.of(jumps)),
        interval(runs, RunHistory::expertSteps),
        interval(runs, RunHistory::seconds),
        balance.isEmpty()
            ? Interval.of(List.of(0.0))
            : interval(balance, LoadBalance::maxVioGlobal),
        balance.isEmpty() ? Interval.of(List.of(0.0)) : interval(balance, LoadBalance::dead));
  }

  private static SortedMap<String, Interval> byDomain(List<Metric.Evaluation> last) {
    SortedMap<String, Interval> loss = new TreeMap<>();
    for (String domain : last.getFirst().loss().keySet()) {
      loss.put(
          domain,
          interval(
              last.stream().filter(e -> e.loss().containsKey(domain)).toList(),
              e -> e.loss().getOrDefault(domain, 0.0)));
    }
    return loss;
  }

  private static <T> Interval interval(List<T> items, ToDoubleFunction<T> value) {
    return Interval.of(items.stream().mapToDouble(value).boxed().toList());
  }
}
