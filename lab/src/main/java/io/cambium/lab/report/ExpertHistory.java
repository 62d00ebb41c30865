package io.cambium.lab.report;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.lab.RunHistory;
import io.cambium.lab.report.Curves.Curve;
import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * The experts of one model over its training.
 *
 * @param name the model's
 * @param load over time
 * @param routing where each domain went at the last evaluation; without domains where the model
 *     grew since
 * @param lineage one per routing layer
 * @param siblings one per routing layer; empty where nothing grew
 */
public record ExpertHistory(
    String name,
    List<LoadOverTime> load,
    Metric.Routing routing,
    List<Lineage> lineage,
    List<Siblings> siblings) {

  /**
   * The growth of one routing layer's experts.
   *
   * @param layer index in the model
   * @param experts at the end
   * @param parents for each growth step, oldest first, the parent of every expert after it; empty
   *     for a model that never grew
   */
  public record Lineage(int layer, int experts, List<List<Integer>> parents) {}

  /**
   * How far the siblings of a routing layer came apart.
   *
   * @param layer index in the model
   * @param cosine between the weights of siblings, mean over the pairs
   * @param distance between the weights of the two nearest, relative to their norm
   * @param coselection share of tokens that choose two siblings
   */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Siblings(int layer, Curve cosine, Curve distance, Curve coselection) {}

  /** Of a run whose model has experts. */
  static ExpertHistory of(String name, RunHistory run, List<Manifest.Growth> growth, Path place) {
    Metric.Routing routing =
        run.evaluationAsItIs()
            .map(evaluation -> rounded(evaluation.routing()))
            .orElseGet(() -> unknown(run.finalEvaluation().routing().layers()));
    return new ExpertHistory(
        name,
        LoadOverTime.of(run),
        routing,
        routing.layers().stream().map(layer -> lineage(layer, run, growth, place)).toList(),
        siblings(run.evaluations(), routing.layers()));
  }

  private static Metric.Routing unknown(List<Integer> layers) {
    return new Metric.Routing(
        layers, List.of(), layers.stream().map(layer -> List.<List<Double>>of()).toList());
  }

  private static Metric.Routing rounded(Metric.Routing routing) {
    return new Metric.Routing(
        routing.layers(),
        routing.domains(),
        routing.share().stream()
            .map(domains -> domains.stream().map(shares -> Thinning.rounded(shares, 4)).toList())
            .toList());
  }

  private static Lineage lineage(
      int layer, RunHistory run, List<Manifest.Growth> growth, Path place) {
    List<List<Integer>> parents = new ArrayList<>();
    for (Manifest.Growth step : growth) {
      List<Integer> own = step.parents().get(layer);
      if (own == null) {
        throw new UsageException(
            place, "its manifest lacks layer " + layer, "give a checkpoint of the grown run");
      }
      parents.add(own);
    }
    return new Lineage(layer, run.experts(), parents);
  }

  private static List<Siblings> siblings(
      List<Metric.Evaluation> evaluations, List<Integer> layers) {
    List<Metric.Evaluation> grown =
        evaluations.stream()
            .filter(e -> e.health().size() == layers.size())
            .filter(e -> e.health().stream().allMatch(layer -> layer.siblings() != null))
            .toList();
    return grown.isEmpty()
        ? List.of()
        : IntStream.range(0, layers.size())
            .mapToObj(layer ->
                new Siblings(
                    layers.get(layer),
                    curve(grown, layer, LayerHealth.Siblings::cosine),
                    curve(grown, layer, LayerHealth.Siblings::distance),
                    curve(grown, layer, LayerHealth.Siblings::coselection)))
            .toList();
  }

  private static Curve curve(
      List<Metric.Evaluation> grown, int layer, ToDoubleFunction<LayerHealth.Siblings> value) {
    List<Long> tokens = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (Metric.Evaluation evaluation : grown) {
      LayerHealth.Siblings siblings = evaluation.health().get(layer).siblings();
      if (siblings != null) {
        tokens.add(evaluation.tokens());
        values.add(value.applyAsDouble(siblings));
      }
    }
    return new Curve(tokens, Thinning.rounded(values, 4));
  }
}
