package io.cambium.lab.report;

import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.report.Curves.Curve;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * How far the validation losses of groups of runs lie from those of one of them: minus the run of
 * the same seed, at equal tokens, mean over the seeds that both groups have.
 *
 * @param against name of the group that all are compared with
 * @param lines of the others
 */
public record Differences(String against, List<Line> lines) {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final int DIGITS = 5;

  /**
   * Of one group.
   *
   * @param role what it is drawn as: RUN_ and a number
   * @param seeds that it has in common with the group it is compared with
   * @param curve nats per token, where all of those seeds have a loss
   */
  public record Line(String role, String name, int seeds, Curve curve) {}

  /**
   * Compares groups.
   *
   * @param runs by name
   * @throws UsageException if there is no such group or no other, or another has no seed or no
   *     evaluation in common with it
   */
  static Differences of(
      SequencedMap<String, RunHistory> runs, List<SeedGroup> groups, String against) {
    SeedGroup base =
        groups.stream()
            .filter(group -> group.name().equals(against))
            .findFirst()
            .orElseThrow(() -> unknown(against, groups));
    if (groups.size() == 1) {
      throw new UsageException(
          "--against", "there is nothing to compare with " + against, "give other runs beside it");
    }
    Map<Long, RunHistory> theirs = bySeed(base, runs);
    List<Line> lines = new ArrayList<>();
    for (SeedGroup group : groups) {
      if (group != base) {
        lines.add(line("RUN_" + lines.size(), group, bySeed(group, runs), theirs));
      }
    }
    return new Differences(against, lines);
  }

  private static Line line(
      String role, SeedGroup group, Map<Long, RunHistory> mine, Map<Long, RunHistory> theirs) {
    List<SortedMap<Long, Double>> pairs = pairs(mine, theirs);
    if (pairs.isEmpty()) {
      throw new UsageException(
          group.name(),
          "has no seed in common with the runs of --against",
          "leave it out, or give runs of the same seeds");
    }
    Curve mean = mean(pairs);
    if (mean.tokens().isEmpty()) {
      throw new UsageException(
          group.name(),
          "was never evaluated at the tokens where the runs of --against were",
          "leave it out");
    }
    return new Line(role, group.name(), pairs.size(), mean);
  }

  private static UsageException unknown(String against, List<SeedGroup> groups) {
    return new UsageException(
        "--against",
        "there is no " + against + " among the groups of runs that differ by seed only",
        "give one of " + groups.stream().map(SeedGroup::name).collect(Collectors.joining(", ")));
  }

  private static Map<Long, RunHistory> bySeed(
      SeedGroup group, SequencedMap<String, RunHistory> runs) {
    Map<Long, RunHistory> bySeed = new LinkedHashMap<>();
    for (String name : group.runs()) {
      RunHistory run = Objects.requireNonNull(runs.get(name));
      long seed = YAML.readTree(run.configuration()).path("seed").asLong(0);
      if (bySeed.put(seed, run) != null) {
        throw new UsageException(name, "has the seed of another run, " + seed, "leave one out");
      }
    }
    return bySeed;
  }

  private static List<SortedMap<Long, Double>> pairs(
      Map<Long, RunHistory> mine, Map<Long, RunHistory> theirs) {
    List<SortedMap<Long, Double>> pairs = new ArrayList<>();
    mine.forEach((seed, run) -> {
      RunHistory other = theirs.get(seed);
      if (other != null) {
        pairs.add(run.lossOver(other));
      }
    });
    return pairs;
  }

  private static Curve mean(List<SortedMap<Long, Double>> pairs) {
    NavigableMap<Long, Double> sums = new TreeMap<>(pairs.getFirst());
    for (SortedMap<Long, Double> pair : pairs.subList(1, pairs.size())) {
      sums.keySet().retainAll(pair.keySet());
      pair.forEach((tokens, value) -> sums.computeIfPresent(tokens, (_, sum) -> sum + value));
    }
    return new Curve(
        List.copyOf(sums.keySet()),
        Thinning.rounded(sums.values().stream().map(sum -> sum / pairs.size()).toList(), DIGITS));
  }
}
