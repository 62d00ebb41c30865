package io.cambium.lab;

import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Small events for tests: 10 tokens a step. */
public final class Events {

  private Events() {}

  public static RunHistory run(String name, Metric... events) {
    return new RunHistory(Path.of(name), "", List.of(events));
  }

  public static Metric.Train step(long step, List<Double> maxVio, List<List<Double>> load) {
    List<Balance> balance =
        maxVio.stream().map(value -> new Balance(value, 0, 1, List.of())).toList();
    return new Metric.Train(step, step * 10, 3, 1e-3, 1, 100, step * 2.0, maxVio, balance, load);
  }

  public static Metric.Train step(long step, Double... load) {
    return step(step, List.of(0.5), List.of(List.of(load)));
  }

  public static Metric.Evaluation evaluation(long step, double loss) {
    return evaluation(step, loss, new Metric.Routing(List.of(), List.of(), List.of()));
  }

  public static Metric.Evaluation evaluation(long step, double loss, Metric.Routing routing) {
    return new Metric.Evaluation(
        step,
        step * 10,
        new TreeMap<>(Map.of("gloss", loss)),
        loss,
        null,
        routing,
        0,
        1,
        List.of(),
        List.of());
  }

  public static Metric.Growth growth(long step, String mode, int from, int to, long window) {
    return new Metric.Growth(step, step * 10, mode, "split", from, to, 3, 3.25, window);
  }
}
