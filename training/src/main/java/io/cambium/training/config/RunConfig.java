package io.cambium.training.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.UsageException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A training run, as run.yaml describes it. Whoever holds one holds a valid one: every record
 * checks its own values, this one what only two sections together can show.
 *
 * @param model the checkpoint directory to start from; never changed
 * @param data the corpus directory to learn from
 * @param sources further corpus directories, of the same tokenizer
 * @param mix how often each domain has its turn, by name: relative weights; a domain that is not
 *     named is evaluated but not trained on. Empty for all alike
 * @param seed of the order of the data; the same seed gives the same bytes
 * @param steps optimizer steps in all
 * @param workers threads that share a step's sequences; the result depends on their number, as sums
 *     are rounded in another order
 * @param distributed how several processes share the model
 * @param groups which parts of the model are trained
 * @param alarms what the run says aloud, and what stops it
 * @param branch whether to go on from the model's own training state (step, data position, moments)
 *     instead of beginning anew with its weights
 * @param release how a grown model becomes a plain top-K model
 * @param growth how the model grows on the way; null if it does not
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunConfig(
    Path model,
    Path data,
    List<Path> sources,
    SortedMap<String, Double> mix,
    long seed,
    int steps,
    BatchConfig batch,
    int workers,
    DistributedConfig distributed,
    OptimizerConfig optimizer,
    GroupsConfig groups,
    ScheduleConfig schedule,
    BalanceConfig balance,
    EvaluationConfig evaluate,
    CheckpointConfig checkpoint,
    AlarmConfig alarms,
    boolean branch,
    ReleaseConfig release,
    @Nullable GrowthConfig growth) {

  /** The name of the resolved configuration in a run directory. */
  public static final String FILE_NAME = "run.yaml";

  /** Makes both paths absolute, so that a saved configuration means the same from anywhere. */
  public RunConfig {
    model = model.toAbsolutePath().normalize();
    data = data.toAbsolutePath().normalize();
    sources = sources.stream().map(path -> path.toAbsolutePath().normalize()).toList();
    mix = Collections.unmodifiableSortedMap(new TreeMap<>(mix));
    mix.forEach((domain, weight) -> Range.positive("mix." + domain, weight));
    Range.atLeastOne("steps", steps);
    Range.atLeastOne("workers", workers);
    if (workers > batch.sequences()) {
      throw new UsageException(
          "workers",
          workers + " workers have only " + batch.sequences() + " sequences to share",
          "lower workers, or raise batch.sequences");
    }
    if (growth != null) {
      growth = growth.resolved();
      if (groups.freezes()) {
        throw new UsageException(
            "groups.train",
            "leaves groups out, but a growth carries the moments of every tensor",
            "freeze in a run of its own, before or after the one that grows");
      }
      growth.requireFits(steps, schedule, release);
    }
  }

  /**
   * Reads run.yaml strictly: an unknown key, a wrong type and a value out of range are errors.
   *
   * @param overrides settings that replace the file's, each {@code path.to.key=value} with the
   *     value in YAML
   * @throws UsageException with the path of the setting and what to write instead
   */
  public static RunConfig read(Path file, List<String> overrides) {
    return read(file, YamlSettings.read(file), overrides);
  }

  /**
   * The same of settings that are at hand.
   *
   * @param place where they come from, for errors
   */
  public static RunConfig read(Object place, ObjectNode settings, List<String> overrides) {
    return RunConfigFile.read(place, settings, overrides);
  }

  /**
   * Writes every setting, those left to their default too; reading it back gives an equal record.
   */
  public void write(Path file) {
    RunConfigFile.write(this, file);
  }

  /** The same run, shared by its processes in another way. */
  public RunConfig withDistributed(DistributedConfig other) {
    return new RunConfig(
        model,
        data,
        sources,
        mix,
        seed,
        steps,
        batch,
        workers,
        other,
        optimizer,
        groups,
        schedule,
        balance,
        evaluate,
        checkpoint,
        alarms,
        branch,
        release,
        growth);
  }

  /** The growths, in their order; empty for a run that does not grow. */
  public List<GrowthConfig.Stage> growths() {
    return growth == null ? List.of() : growth.stages(steps);
  }

  /** All corpus directories. */
  public List<Path> corpora() {
    return Stream.concat(Stream.of(data), sources.stream()).toList();
  }

  /** Tokens one step learns from. */
  public long tokensPerStep() {
    return batch.tokens();
  }

  /** Tokens the whole run learns from. */
  public long totalTokens() {
    return steps * tokensPerStep();
  }
}
