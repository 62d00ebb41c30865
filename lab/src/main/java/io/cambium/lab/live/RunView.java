package io.cambium.lab.live;

import io.cambium.lab.live.Snapshot.Latest;
import io.cambium.lab.live.Snapshot.Layer;
import io.cambium.lab.live.Snapshot.Pace;
import io.cambium.training.metrics.Balance;
import io.cambium.training.metrics.Metric;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What of a run's events is worth showing, in memory that does not grow with the run. */
final class RunView {

  /** How many of the last steps speed and load are averaged over. */
  private static final int RECENT = 20;

  private final Series loss = new Series();
  private final Series validation = new Series();
  private final SortedMap<String, Series> domains = new TreeMap<>();
  private final Series gradNorm = new Series();
  private final Series learningRate = new Series();
  private final Series tokensPerSecond = new Series();
  private final Series maxVio = new Series();
  private final Series loadCv = new Series();
  private final Series coselection = new Series();
  private final List<Metric> events = new ArrayList<>();
  private final ArrayDeque<Metric.Train> recent = new ArrayDeque<>();
  private Metric.@Nullable Evaluation evaluation;
  private List<Integer> layers = List.of();

  void hear(Metric event) {
    switch (event) {
      case Metric.Train train -> hear(train);
      case Metric.Evaluation latest -> hear(latest);
      case Metric.Growth growth -> {
        events.add(growth);
        recent.clear(); // other experts
      }
      case Metric.Alarm alarm -> events.add(alarm);
    }
  }

  private void hear(Metric.Train train) {
    loss.add(train.step(), train.loss());
    gradNorm.add(train.step(), train.gradNorm());
    learningRate.add(train.step(), train.lr());
    tokensPerSecond.add(train.step(), train.tokensPerSecond());
    if (!train.balance().isEmpty()) {
      maxVio.add(train.step(), mean(train.balance(), Balance::maxVio));
      loadCv.add(train.step(), mean(train.balance(), Balance::cv));
    }
    recent.addLast(train);
    if (recent.size() > RECENT) {
      recent.removeFirst();
    }
  }

  private static double mean(List<Balance> layers, ToDoubleFunction<Balance> value) {
    return layers.stream().mapToDouble(value).average().orElseThrow();
  }

  private void hear(Metric.Evaluation latest) {
    validation.add(latest.step(), latest.meanLoss());
    latest
        .loss()
        .forEach((domain, value) ->
            domains.computeIfAbsent(domain, d -> new Series()).add(latest.step(), value));
    if (latest.siblingCoselection() != null) {
      coselection.add(latest.step(), latest.siblingCoselection());
    }
    layers = latest.routing().layers();
    evaluation = withoutRouting(latest);
  }

  private static Metric.Evaluation withoutRouting(Metric.Evaluation evaluation) {
    return new Metric.Evaluation(
        evaluation.step(),
        evaluation.tokens(),
        evaluation.loss(),
        evaluation.meanLoss(),
        evaluation.siblingCoselection(),
        new Metric.Routing(List.of(), List.of(), List.of()),
        evaluation.deadExperts(),
        evaluation.release(),
        evaluation.unhealthyLayers(),
        evaluation.health());
  }

  /**
   * What is known now.
   *
   * @param run its name
   * @param steps that it is to make
   * @param written when it logged something for the last time
   */
  Snapshot snapshot(String run, long steps, Instant written) {
    SortedMap<String, Curve> domainCurves = new TreeMap<>();
    domains.forEach((domain, series) -> domainCurves.put(domain, series.curve()));
    return new Snapshot(
        run,
        steps,
        written.toEpochMilli(),
        latest(),
        pace(steps),
        loss.curve(),
        validation.curve(),
        domainCurves,
        gradNorm.curve(),
        learningRate.curve(),
        tokensPerSecond.curve(),
        maxVio.curve(),
        loadCv.curve(),
        coselection.curve(),
        recent.isEmpty() ? List.of() : layersNow(),
        evaluation,
        events);
  }

  private @Nullable Latest latest() {
    Metric.Train last = recent.peekLast();
    return last == null
        ? null
        : new Latest(last.step(), last.tokens(), last.loss(), last.lr(), last.gradNorm());
  }

  private @Nullable Pace pace(long steps) {
    if (recent.size() < 2) {
      return null;
    }
    Metric.Train first = recent.getFirst();
    Metric.Train last = recent.getLast();
    double seconds = last.seconds() - first.seconds();
    double perStep = seconds / (last.step() - first.step());
    return new Pace(
        (last.tokens() - first.tokens()) / seconds,
        perStep,
        perStep * Math.max(0, steps - last.step()));
  }

  private List<Layer> layersNow() {
    List<Balance> balance = recent.getLast().balance();
    return IntStream.range(0, balance.size())
        .mapToObj(
            i -> new Layer(i < layers.size() ? layers.get(i) : i, balance.get(i), recentLoad(i)))
        .toList();
  }

  private List<Double> recentLoad(int layer) {
    double[] load_E = new double[recent.getLast().load().get(layer).size()];
    for (Metric.Train step : recent) {
      List<Double> share_E = step.load().get(layer);
      Arrays.setAll(load_E, e -> load_E[e] + share_E.get(e) * load_E.length / recent.size());
    }
    return Arrays.stream(load_E).boxed().toList();
  }
}
