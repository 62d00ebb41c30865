package io.cambium.lab.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.comparison.Arm;
import io.cambium.lab.comparison.DemoSummary;
import io.cambium.training.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * Everything that the report shows, thinned out to what a screen can show.
 *
 * @param summary of a comparison of arms; absent for runs by themselves
 * @param groups of runs by themselves, those that differ by seed only together; else empty
 * @param curves one per model
 * @param differences of runs by themselves, where they are to be compared with a group of them
 * @param experts of the grown arm, or of every run whose model has experts
 * @param facts seeds, versions and whatever else a reader needs to repeat the runs, by label
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ReportData(
    @Nullable DemoSummary summary,
    List<SeedGroup> groups,
    List<Curves> curves,
    @Nullable Differences differences,
    List<ExpertHistory> experts,
    Map<String, String> facts) {

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
    Arm grown =
        arms.stream().filter(arm -> arm.role() == Arm.Role.UPCYCLED).findFirst().orElseThrow();
    List<Manifest.Growth> growth = growth(grownCheckpoint);
    int experts = grown.history().experts();
    if (growth.isEmpty() || growth.getLast().targetExperts() != experts) {
      throw new UsageException(
          grownCheckpoint,
          "its manifest tells of no growth to " + experts + " experts",
          "give a checkpoint of the grown run");
    }
    return new ReportData(
        summary,
        List.of(),
        arms.stream().map(Curves::of).toList(),
        null,
        List.of(ExpertHistory.of(grown.name(), grown.history(), growth, grownCheckpoint)),
        new LinkedHashMap<>(facts));
  }

  /**
   * Collects the data of runs.
   *
   * @param runs by name
   * @param against group of runs that the others are compared with, if any
   * @param facts as above
   * @throws UsageException if there is no such group
   */
  public static ReportData of(
      SequencedMap<String, RunHistory> runs,
      @Nullable String against,
      SequencedMap<String, String> facts) {
    List<Curves> curves = new ArrayList<>();
    List<ExpertHistory> experts = new ArrayList<>();
    runs.forEach((name, run) -> {
      curves.add(Curves.of("RUN_" + curves.size(), name, run));
      if (run.experts() > 0) {
        experts.add(ofRun(name, run));
      }
    });
    List<SeedGroup> groups = SeedGroup.of(runs);
    Differences differences = against == null ? null : Differences.of(runs, groups, against);
    return new ReportData(null, groups, curves, differences, experts, new LinkedHashMap<>(facts));
  }

  /**
   * The lineage is that of the last checkpoint, or of what the run grew to after it, whichever has
   * as many experts as the run; unknown where neither has.
   */
  private static ExpertHistory ofRun(String name, RunHistory run) {
    for (Path checkpoint : checkpoints(run)) {
      List<Manifest.Growth> growth = growth(checkpoint);
      if (!growth.isEmpty() && growth.getLast().targetExperts() == run.experts()) {
        return ExpertHistory.of(name, run, growth, checkpoint);
      }
    }
    return ExpertHistory.of(name, run, List.of(), run.directory());
  }

  private static List<Path> checkpoints(RunHistory run) {
    if (!Files.isDirectory(run.directory().resolve("checkpoints"))) {
      return List.of();
    }
    RunDirectory directory = new RunDirectory(run.directory());
    return Stream.concat(
            directory.latestCheckpoint().stream(),
            run.growth().map(growth -> directory.grown(growth.step())).stream())
        .toList();
  }

  private static List<Manifest.Growth> growth(Path checkpoint) {
    return Manifest.read(checkpoint).map(Manifest::growth).orElse(List.of());
  }
}
