package io.cambium.lab.experiment;

import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What an experiment showed.
 *
 * @param trainedSteps that all runs together have taken, shared sources counted once
 * @param plannedSteps that they were to take: more only where one failed
 * @param unsharedSteps what that would have been without sharing
 * @param arms in the order of the file
 * @param failed why, by run
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Results(
    long trainedSteps,
    long plannedSteps,
    long unsharedSteps,
    List<ArmResult> arms,
    SortedMap<String, String> failed) {

  public static final String JSON = "results.json";
  public static final String CSV = "results.csv";
  public static final String ARMS_CSV = "arms.csv";

  /** Measures all runs that are done. */
  public static Results of(ExperimentPlan plan, Map<PlannedRun, CambiumException> failures) {
    Map<PlannedRun, CambiumException> unmeasured = new LinkedHashMap<>(failures);
    Measurement measurement = new Measurement(plan, unmeasured);
    SortedMap<String, String> failed = new TreeMap<>();
    unmeasured.forEach((run, why) -> failed.put(run.title(), String.valueOf(why.getMessage())));
    return new Results(
        measurement.trainedSteps(),
        plan.steps(),
        plan.unsharedSteps(),
        plan.experiment().arms().stream().map(measurement::of).toList(),
        failed);
  }

  /** Writes {@value #JSON}, {@value #CSV} and {@value #ARMS_CSV}. */
  public void write(Path directory) {
    AtomicFile.write(directory.resolve(JSON), Json.bytes(this));
    AtomicFile.write(directory.resolve(CSV), ResultsCsv.ofRuns(this));
    AtomicFile.write(directory.resolve(ARMS_CSV), ResultsCsv.ofArms(this));
  }
}
