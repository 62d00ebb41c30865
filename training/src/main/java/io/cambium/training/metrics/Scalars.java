package io.cambium.training.metrics;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The scalars that TensorBoard shows of an event, by tag. */
final class Scalars {

  private Scalars() {}

  /**
   * In the order in which they are written. Layers are numbered among those that route, from 0. An
   * alarm has none: it is text.
   */
  static Map<String, Double> of(Metric metric) {
    return switch (metric) {
      case Metric.Train train -> train(train);
      case Metric.Evaluation evaluation -> evaluation(evaluation);
      case Metric.Growth growth -> growth(growth);
      case Metric.Alarm alarm -> Map.of();
    };
  }

  private static Map<String, Double> train(Metric.Train train) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("loss/train", train.loss());
    scalars.put("lr", train.lr());
    scalars.put("grad_norm", train.gradNorm());
    scalars.put("tokens", (double) train.tokens());
    scalars.put("tokens_per_second", train.tokensPerSecond());
    perLayer(scalars, "max_vio", train.balance(), Balance::maxVio);
    perLayer(scalars, "max_vio_micro", train.maxVioMicro(), maxVio -> maxVio);
    perLayer(scalars, "load_cv", train.balance(), Balance::cv);
    perLayer(scalars, "load_min", train.balance(), Balance::min);
    perLayer(scalars, "load_max", train.balance(), Balance::max);
    return scalars;
  }

  private static Map<String, Double> evaluation(Metric.Evaluation evaluation) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("loss/validation", evaluation.meanLoss());
    evaluation.loss().forEach((domain, loss) -> scalars.put("loss/validation/" + domain, loss));
    if (evaluation.siblingCoselection() != null) {
      scalars.put("sibling_coselection", evaluation.siblingCoselection());
    }
    scalars.put("dead_experts", (double) evaluation.deadExperts());
    scalars.put("unhealthy_layers", (double) evaluation.unhealthyLayers().size());
    health(scalars, evaluation.health());
    return scalars;
  }

  private static void health(Map<String, Double> scalars, List<LayerHealth> layers) {
    perLayer(scalars, "max_vio_global", layers, layer -> layer.balance().maxVio());
    perLayer(scalars, "router_entropy", layers, LayerHealth::routerEntropy);
    for (int layer = 0; layer < layers.size(); layer++) {
      LayerHealth.Siblings siblings = layers.get(layer).siblings();
      if (siblings != null) {
        scalars.put("siblings/coselection/layer_" + layer, siblings.coselection());
        scalars.put("siblings/distinct_lineages/layer_" + layer, siblings.distinctLineages());
        scalars.put("siblings/cosine/layer_" + layer, siblings.cosine());
        scalars.put("siblings/distance/layer_" + layer, siblings.distance());
      }
    }
  }

  private static <L> void perLayer(
      Map<String, Double> scalars, String tag, List<L> layers, Function<L, Double> value) {
    for (int layer = 0; layer < layers.size(); layer++) {
      scalars.put(tag + "/layer_" + layer, value.apply(layers.get(layer)));
    }
  }

  private static Map<String, Double> growth(Metric.Growth growth) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("growth/experts", (double) growth.targetExperts());
    scalars.put("growth/loss_before", growth.lossBefore());
    scalars.put("growth/loss_after", growth.lossAfter());
    return scalars;
  }
}
