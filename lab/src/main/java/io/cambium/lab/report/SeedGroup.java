package io.cambium.lab.report;

import io.cambium.lab.LoadBalance;
import io.cambium.lab.RunHistory;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * Runs that differ by seed only, and were last evaluated at equal tokens. Losses are nats per
 * token.
 *
 * @param name the directory that they have in common and no other group has, else that of the first
 *     of them
 * @param runs their names
 * @param firstStep the first step that the run logged: above 1 for one that branched from another
 * @param experts routed experts per layer at the end; 0 for a dense model
 * @param tokens training tokens at the last evaluation, or at a growth after it
 * @param meanLoss mean over the domains
 * @param loss by domain; empty where a run grew after its last evaluation
 * @param jump loss just after a growth minus that before, of the growth where it is largest; empty
 *     where none grew
 * @param maxVioBatch as {@link LoadBalance} has it, like the two after it; 0 of a dense model
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
    Interval maxVioBatch,
    Interval maxVioGlobal,
    Interval dead) {

  private static final YAMLMapper YAML = new YAMLMapper();

  /** What the lab names the directory of a run by, before the seed. */
  private static final String SEED = "seed-";

  /** A run and its name. */
  private record Named(String name, RunHistory run) {}

  /** Puts runs together, in the order of their first ones. */
  static List<SeedGroup> of(SequencedMap<String, RunHistory> runs) {
    Map<String, List<Named>> groups = new LinkedHashMap<>();
    runs.forEach((name, run) ->
        groups.computeIfAbsent(inCommon(run), key -> new ArrayList<>()).add(new Named(name, run)));
    List<String> directories = groups.values().stream().map(SeedGroup::directory).toList();
    return groups.values().stream()
        .map(named -> {
          String directory = directory(named);
          boolean tells =
              !directory.isEmpty() && Collections.frequency(directories, directory) == 1;
          return of(tells ? directory : named.getFirst().name(), named);
        })
        .toList();
  }

  /** The one that several runs lie in, by their names; empty for none. */
  private static String directory(List<Named> named) {
    List<String> directories = named.stream().map(SeedGroup::directory).distinct().toList();
    return named.size() > 1 && directories.size() == 1 ? directories.getFirst() : "";
  }

  /** Of runs that are told apart as the lab names seeds, the name of the arm. */
  private static String directory(Named named) {
    int names = named.name().lastIndexOf('/');
    if (names > 0) {
      return named.name().substring(0, names);
    }
    Path parent = named.run().directory().toAbsolutePath().normalize().getParent();
    return named.name().startsWith(SEED) && parent != null
        ? String.valueOf(parent.getFileName())
        : "";
  }

  /**
   * What the runs of a group have in common: where they begin, where their losses were measured,
   * and the configuration without its seeds.
   */
  private static String inCommon(RunHistory run) {
    String range =
        " from step %d to %d tokens"
            .formatted(run.steps().getFirst().step(), run.lastMeanLoss().getKey());
    JsonNode yaml = YAML.readTree(run.configuration());
    if (!(yaml instanceof ObjectNode settings)) {
      return run.directory() + range;
    }
    settings.remove("seed");
    if (settings.get("growth") instanceof ObjectNode growth) {
      growth.remove("seed");
    }
    if (settings.path("model").isString()) {
      settings.put("model", ModelKind.of(Path.of(settings.path("model").stringValue())));
    }
    return settings + range;
  }

  private static SeedGroup of(String name, List<Named> named) {
    List<RunHistory> runs = named.stream().map(Named::run).toList();
    List<LoadBalance> balance =
        runs.stream().filter(run -> run.experts() > 0).map(LoadBalance::atEnd).toList();
    List<Double> jumps =
        runs.stream()
            .flatMap(run -> run.costliestGrowth().stream())
            .map(growth -> growth.lossAfter() - growth.lossBefore())
            .toList();
    return new SeedGroup(
        name,
        named.stream().map(Named::name).toList(),
        runs.getFirst().steps().getFirst().step(),
        runs.getFirst().experts(),
        runs.getFirst().lastMeanLoss().getKey(),
        interval(runs, run -> run.lastMeanLoss().getValue()),
        byDomain(runs),
        jumps.isEmpty() ? List.of() : List.of(Interval.of(jumps)),
        interval(runs, RunHistory::expertSteps),
        interval(runs, RunHistory::seconds),
        ofLoad(balance, LoadBalance::maxVioBatch),
        ofLoad(balance, LoadBalance::maxVioGlobal),
        ofLoad(balance, LoadBalance::dead));
  }

  private static SortedMap<String, Interval> byDomain(List<RunHistory> runs) {
    List<Metric.Evaluation> last =
        runs.stream().flatMap(run -> run.evaluationAsItIs().stream()).toList();
    SortedMap<String, Interval> loss = new TreeMap<>();
    if (last.size() == runs.size()) {
      for (String domain : last.getFirst().loss().keySet()) {
        loss.put(domain, interval(last, e -> Objects.requireNonNull(e.loss().get(domain))));
      }
    }
    return loss;
  }

  /** 0 of a dense model. */
  private static Interval ofLoad(List<LoadBalance> balance, ToDoubleFunction<LoadBalance> value) {
    return balance.isEmpty() ? Interval.of(List.of(0.0)) : interval(balance, value);
  }

  private static <T> Interval interval(List<T> items, ToDoubleFunction<T> value) {
    return Interval.of(items.stream().mapToDouble(value).boxed().toList());
  }
}
