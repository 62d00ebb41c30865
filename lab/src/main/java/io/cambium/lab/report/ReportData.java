package io.cambium.lab.report;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.comparison.Arm;
import io.cambium.lab.comparison.DemoSummary;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * Everything that the report shows, thinned out to what a screen can show.
 *
 * @param curves one per arm, in the summary's order
 * @param load of the grown arm's experts over time
 * @param routing of the grown arm at its end
 * @param lineage of the grown arm's experts, one per routing layer
 * @param facts seeds, versions and whatever else a reader needs to repeat the run, by label
 */
@JsonNaming(SnakeCaseStrategy.class)
public record ReportData(
    DemoSummary summary,
    List<Curves> curves,
    List<LoadOverTime> load,
    Metric.Routing routing,
    List<Lineage> lineage,
    Map<String, String> facts) {

  /**
   * The growth of one routing layer's experts.
   *
   * @param layer index in the model
   * @param parents for each growth step, oldest first, the parent of every expert after it
   */
  public record Lineage(int layer, List<List<Integer>> parents) {}

  /**
   * Collects the data of a demo.
   *
   * @param grownCheckpoint the grown arm's last checkpoint, whose manifest knows the lineage
   * @param facts shown in the order given, {@link Facts#ofThisMachine} among them
   * @throws UsageException if the checkpoint is not one of the grown arm
   */
  public static ReportData of(
      DemoSummary summary,
      List<Arm> arms,
      Path grownCheckpoint,
      SequencedMap<String, String> facts) {
    RunHistory grown =
        arms.stream()
            .filter(arm -> arm.role() == Arm.Role.UPCYCLED)
            .map(Arm::history)
            .findFirst()
            .orElseThrow();
    Metric.Routing routing = grown.finalEvaluation().routing();
    return new ReportData(
        summary,
        arms.stream().map(Curves::of).toList(),
        LoadOverTime.of(grown),
        rounded(routing),
        lineage(grownCheckpoint, routing.layers(), grown.experts()),
        new LinkedHashMap<>(facts));
  }

  private static Metric.Routing rounded(Metric.Routing routing) {
    return new Metric.Routing(
        routing.layers(),
        routing.domains(),
        routing.share().stream()
            .map(domains -> domains.stream().map(shares -> Thinning.rounded(shares, 4)).toList())
            .toList());
  }

  private static List<Lineage> lineage(Path checkpoint, List<Integer> layers, int experts) {
    List<Manifest.Growth> growth =
        Manifest.read(checkpoint).map(Manifest::growth).orElse(List.of());
    if (growth.isEmpty() || growth.getLast().targetExperts() != experts) {
      throw new UsageException(
          checkpoint,
          "its manifest tells of no growth to " + experts + " experts",
          "give a checkpoint of the grown run");
    }
    return layers.stream()
        .map(layer ->
            new Lineage(
                layer, growth.stream().map(step -> parents(checkpoint, step, layer)).toList()))
        .toList();
  }

  private static List<Integer> parents(Path checkpoint, Manifest.Growth step, int layer) {
    List<Integer> parents = step.parents().get(layer);
    if (parents == null) {
      throw new UsageException(
          checkpoint, "its manifest lacks layer " + layer, "give a checkpoint of the grown run");
    }
    return parents;
  }
}
