package io.cambium.lab.live;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * All that is shown of a run at one moment. Curves are over steps.
 *
 * @param run the name of its directory
 * @param steps that it is to make
 * @param written when it logged something for the last time, in milliseconds since 1970
 * @param latest the last step; null before the first
 * @param pace of the last steps; null before the second
 * @param loss of training, in nats per token
 * @param validation mean loss over the domains
 * @param domains validation loss of each
 * @param gradNorm before clipping
 * @param learningRate as the schedule had it
 * @param tokensPerSecond of single steps
 * @param maxVio of the step's batch, mean over the routing layers
 * @param loadCv standard deviation of the load over its mean, likewise
 * @param coselection share of tokens that choose two siblings; empty where nothing grew
 * @param layers the routing layers as they are now
 * @param evaluation the last one, without where its tokens went; null before the first
 * @param events growths and alarms, oldest first
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Snapshot(
    String run,
    long steps,
    long written,
    @Nullable Latest latest,
    @Nullable Pace pace,
    Curve loss,
    Curve validation,
    SortedMap<String, Curve> domains,
    Curve gradNorm,
    Curve learningRate,
    Curve tokensPerSecond,
    Curve maxVio,
    Curve loadCv,
    Curve coselection,
    List<Layer> layers,
    Metric.@Nullable Evaluation evaluation,
    List<Metric> events) {

  public Snapshot {
    domains = new TreeMap<>(domains);
    layers = List.copyOf(layers);
    events = List.copyOf(events);
  }

  /** A training step. */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Latest(long step, long tokens, double loss, double lr, double gradNorm) {}

  /**
   * How fast it goes, over the last steps.
   *
   * @param secondsLeft of training, without the evaluations to come
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Pace(double tokensPerSecond, double secondsPerStep, double secondsLeft) {}

  /**
   * A routing layer.
   *
   * @param layer its index in the model, or among the routing layers before the first evaluation
   * @param balance of the last step
   * @param load of each expert relative to the mean, over the last steps
   */
  public record Layer(int layer, Balance balance, List<Double> load) {}

  /** A run that has logged nothing for this long, and for many steps, may be over. */
  private static final double SILENCE_SECONDS = 60;

  private static final double SILENT_STEPS = 20;

  /** How many seconds a run that goes on may say nothing. */
  @JsonProperty
  public double patience() {
    return Math.max(SILENCE_SECONDS, pace == null ? 0 : SILENT_STEPS * pace.secondsPerStep());
  }

  /** Whether the last step is made. */
  public boolean finished() {
    return latest != null && latest.step() >= steps;
  }
}
