package io.cambium.cli;

import io.cambium.training.metrics.LayerHealth;
import io.cambium.training.metrics.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/** The events of a run in words, for people. */
final class EventText {

  private EventText() {}

  /** Lines about an event; none for a training step. */
  static List<String> lines(Metric event) {
    return switch (event) {
      case Metric.Train train -> List.of();
      case Metric.Evaluation evaluation -> evaluation(evaluation);
      case Metric.Growth growth ->
          List.of(
              "step %d: grown from %d to %d experts (%s), validation loss %.4f -> %.4f"
                  .formatted(
                      growth.step(),
                      growth.sourceExperts(),
                      growth.targetExperts(),
                      growth.mode(),
                      growth.lossBefore(),
                      growth.lossAfter()));
      case Metric.Alarm alarm ->
          List.of(
              "ALARM %s, step %d: %s".formatted(alarm.alarm(), alarm.step(), alarm.message()),
              "  -> " + alarm.remedy());
    };
  }

  private static List<String> evaluation(Metric.Evaluation evaluation) {
    List<String> lines = new ArrayList<>();
    lines.add("step %d: validation loss %.4f".formatted(evaluation.step(), evaluation.meanLoss()));
    health(evaluation).forEach(line -> lines.add("  " + line));
    return lines;
  }

  /** The router health summary of an evaluation: one line, and one more for a grown model. */
  static List<String> health(Metric.Evaluation evaluation) {
    List<LayerHealth> layers = evaluation.health();
    if (layers.isEmpty()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s: MaxVio %.2f, CV %.2f, load %.2f-%.2f, %d dead, entropy %.2f"
            .formatted(
                layers(evaluation),
                mean(layers, layer -> layer.balance().maxVio()),
                mean(layers, layer -> layer.balance().cv()),
                layers.stream().mapToDouble(l -> l.balance().min()).min().orElseThrow(),
                layers.stream().mapToDouble(l -> l.balance().max()).max().orElseThrow(),
                evaluation.deadExperts(),
                mean(layers, LayerHealth::routerEntropy)));
    if (layers.getFirst().siblings() != null) {
      lines.add(
          "siblings: %.2f of the tokens choose two, %.2f lineages a token, cosine %.4f"
              .formatted(
                  mean(layers, layer -> siblings(layer).coselection()),
                  mean(layers, layer -> siblings(layer).distinctLineages()),
                  mean(layers, layer -> siblings(layer).cosine())));
    }
    return lines;
  }

  private static LayerHealth.Siblings siblings(LayerHealth layer) {
    return Objects.requireNonNull(layer.siblings());
  }

  private static String layers(Metric.Evaluation evaluation) {
    int uneven = evaluation.unhealthyLayers().size();
    return "%d layers, %s"
        .formatted(evaluation.health().size(), uneven == 0 ? "all healthy" : uneven + " uneven");
  }

  private static double mean(List<LayerHealth> layers, ToDoubleFunction<LayerHealth> value) {
    return layers.stream().mapToDouble(value).average().orElseThrow();
  }
}
