package io.cambium.training.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/** The scalars that TensorBoard shows of an event, by tag. */
final class Scalars {

  private Scalars() {}

  /** In the order in which they are written. Layers are numbered among those that route, from 0. */
  static Map<String, Double> of(Metric metric) {
    return switch (metric) {
      case Metric.Train train -> train(train);
      case Metric.Evaluation evaluation -> evaluation(evaluation);
      case Metric.Growth growth -> growth(growth);
    };
  }

  private static Map<String, Double> train(Metric.Train train) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("loss/train", train.loss());
    scalars.put("lr", train.lr());
    scalars.put("grad_norm", train.gradNorm());
    scalars.put("tokens", (double) train.tokens());
    scalars.put("tokens_per_second", train.tokensPerSecond());
    for (int layer = 0; layer < train.maxVio().size(); layer++) {
      scalars.put("max_vio/layer_" + layer, train.maxVio().get(layer));
    }
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
    return scalars;
  }

  private static Map<String, Double> growth(Metric.Growth growth) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    scalars.put("growth/experts", (double) growth.targetExperts());
    scalars.put("growth/loss_before", growth.lossBefore());
    scalars.put("growth/loss_after", growth.lossAfter());
    return scalars;
  }
}
