package io.cambium.lab.experiment;

import io.cambium.checkpoint.AtomicFile;
import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What an experiment showed.
 *
 * @param trainedSteps of all runs together, shared sources counted once
 * @param unsharedSteps what it would have been without sharing
 * @param arms in the order of the file
 * @param failed why, by run
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Results(
    long trainedSteps, long unsharedSteps, List<ArmResult> arms, SortedMap<String, String> failed) {

  public static final String JSON = "results.json";
  public static final String CSV = "results.csv";

  /** Measures all runs that are done. */
  public static Results of(ExperimentPlan plan, Map<PlannedRun, CambiumException> failures) {
    Measurement measurement = new Measurement(plan, failures.keySet());
    SortedMap<String, String> failed = new TreeMap<>();
    failures.forEach((run, why) -> failed.put(run.title(), String.valueOf(why.getMessage())));
    return new Results(
        plan.steps(),
        plan.unsharedSteps(),
        plan.experiment().arms().stream().map(measurement::of).toList(),
        failed);
  }

  /** Writes {@value #JSON} and {@value #CSV}. */
  public void write(Path directory) {
    AtomicFile.write(directory.resolve(JSON), Json.bytes(this));
    AtomicFile.write(directory.resolve(CSV), ResultsCsv.text(this));
  }
}
