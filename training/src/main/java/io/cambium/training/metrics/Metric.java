package io.cambium.training.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * An event of a training run: one line of metrics.jsonl. Losses are nats per token; {@code step}
 * and {@code tokens} are totals since the model's first step, over all the runs it went through. A
 * number that is not finite is refused: JSON has no word for it, and the run must have stopped.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Metric.Train.class, name = "train"),
  @JsonSubTypes.Type(value = Metric.Evaluation.class, name = "evaluation"),
  @JsonSubTypes.Type(value = Metric.Growth.class, name = "growth"),
  @JsonSubTypes.Type(value = Metric.Alarm.class, name = "alarm")
})
public sealed interface Metric {

  /** Optimizer steps taken, this one included. */
  long step();

  /** Training tokens seen, this step's included. */
  long tokens();

  /**
   * One optimizer step.
   *
   * @param loss mean over the step's batch
   * @param gradNorm L2 norm of the gradient before clipping
   * @param seconds wall time spent training since the model's first step
   * @param maxVioMicro per routing layer, the largest load / mean load - 1 of what all workers
   *     compute at a time, mean over the step
   * @param balance per routing layer, of the step's whole batch
   * @param load [layer][expert] share of the layer's assignments; each layer sums to 1
   */
  @JsonNaming(SnakeCaseStrategy.class)
  record Train(
      long step,
      long tokens,
      double loss,
      double lr,
      double gradNorm,
      double tokensPerSecond,
      double seconds,
      List<Double> maxVioMicro,
      List<Balance> balance,
      List<List<Double>> load)
      implements Metric {

    public Train {
      requireFinite("loss", loss);
      requireFinite("lr", lr);
      requireFinite("grad_norm", gradNorm);
      requireFinite("tokens_per_second", tokensPerSecond);
      requireFinite("seconds", seconds);
      maxVioMicro = List.copyOf(maxVioMicro);
      balance = List.copyOf(balance);
      load = load.stream().map(List::copyOf).toList();
    }
  }

  /**
   * An evaluation on held-out text.
   *
   * @param loss by domain
   * @param meanLoss mean over the domains, each with the same weight
   * @param siblingCoselection share of tokens that choose two experts of one lineage, mean over the
   *     routing layers; absent for a model that never grew
   * @param deadExperts experts with a load below 0.08/N over all routing layers, held-back replicas
   *     not counted
   * @param release how far the release of a growth has come: 0 while the model is still exact, 1
   *     where it is plain top-K
   * @param unhealthyLayers indices in the model of the layers whose load is too uneven
   * @param health by routing layer
   */
  @JsonNaming(SnakeCaseStrategy.class)
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Evaluation(
      long step,
      long tokens,
      SortedMap<String, Double> loss,
      double meanLoss,
      @Nullable Double siblingCoselection,
      Routing routing,
      int deadExperts,
      double release,
      List<Integer> unhealthyLayers,
      List<LayerHealth> health)
      implements Metric {

    public Evaluation {
      loss.forEach((domain, value) -> requireFinite("loss of " + domain, value));
      requireFinite("mean_loss", meanLoss);
      loss = Collections.unmodifiableSortedMap(new TreeMap<>(loss));
      unhealthyLayers = List.copyOf(unhealthyLayers);
      health = List.copyOf(health);
    }
  }

  /**
   * Where the tokens of each domain went.
   *
   * @param layers the routing layers, by index in the model
   * @param domains in the order of {@code share}
   * @param share [layer][domain][expert] share of that domain's assignments; each row sums to 1
   */
  record Routing(List<Integer> layers, List<String> domains, List<List<List<Double>>> share) {

    public Routing {
      layers = List.copyOf(layers);
      domains = List.copyOf(domains);
      share = share.stream().map(layer -> layer.stream().map(List::copyOf).toList()).toList();
    }
  }

  /**
   * The model grew between this step and the next.
   *
   * @param mode how experts are chosen at first: flat, lineage, cold or wide
   * @param rows how the replicas' router rows were made: copy, antithetic or split
   * @param lossBefore mean validation loss of the source
   * @param lossAfter that of the grown model, before any further step
   * @param windowSteps steps from here to plain top-K; 0 where nothing is released
   */
  @JsonNaming(SnakeCaseStrategy.class)
  record Growth(
      long step,
      long tokens,
      String mode,
      String rows,
      int sourceExperts,
      int targetExperts,
      double lossBefore,
      double lossAfter,
      long windowSteps)
      implements Metric {

    public Growth {
      requireFinite("loss_before", lossBefore);
      requireFinite("loss_after", lossAfter);
    }
  }

  /**
   * Something that somebody should look at, said once for each occurrence.
   *
   * @param alarm its name, which is that of its settings
   * @param message what was seen, and where
   * @param remedy what can be done
   * @param where the experts by layer, as indices in the model; empty where it is about all of it
   * @param stops whether the run saves and ends because of it
   */
  @JsonNaming(SnakeCaseStrategy.class)
  record Alarm(
      long step,
      long tokens,
      String alarm,
      String message,
      String remedy,
      SortedMap<Integer, List<Integer>> where,
      boolean stops)
      implements Metric {

    public Alarm {
      SortedMap<Integer, List<Integer>> copy = new TreeMap<>();
      where.forEach((layer, experts) -> copy.put(layer, List.copyOf(experts)));
      where = Collections.unmodifiableSortedMap(copy);
    }

    /** What was seen, and what can be done. */
    public String text() {
      return message + " -> " + remedy;
    }
  }

  private static void requireFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value);
    }
  }
}
