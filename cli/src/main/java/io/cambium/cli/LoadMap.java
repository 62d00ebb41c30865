package io.cambium.cli;

import io.cambium.lab.live.Snapshot.Layer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The load of the experts, a line for each layer and a cell for each expert: half full is an even
 * load, each step up or down a factor of the square root of two.
 */
final class LoadMap {

  private static final String BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
  private static final int EVEN = 3;
  private static final int STEPS_PER_DOUBLING = 2;

  /** Columns besides the cells: the layer, and figures behind them. */
  private static final int MARGIN = 42;

  private final List<Layer> layers;
  private final Ink ink;
  private final int experts;
  private final int perCell;

  LoadMap(List<Layer> layers, int width, Ink ink) {
    this.layers = layers;
    this.ink = ink;
    this.experts = layers.isEmpty() ? 0 : layers.getFirst().load().size();
    this.perCell = Math.max(1, Math.ceilDiv(experts, Math.max(8, width - MARGIN)));
  }

  /** What the cells are. */
  String heading() {
    return experts == 0
        ? "no experts"
        : "of %d experts: %s less, %s even, %s more%s"
            .formatted(
                experts,
                BARS.charAt(0),
                BARS.charAt(EVEN),
                BARS.charAt(BARS.length() - 1),
                perCell == 1 ? "" : "; a cell is %d, by the least even".formatted(perCell));
  }

  /** At most so many lines; with more layers than that, the least even ones. */
  List<String> lines(int most) {
    List<Layer> shown =
        layers.stream()
            .sorted(Comparator.comparingDouble((Layer layer) -> -layer.balance().maxVio()))
            .limit(layers.size() <= most ? most : most - 1)
            .sorted(Comparator.comparingInt(Layer::layer))
            .toList();
    List<String> lines = new ArrayList<>(shown.stream().map(this::line).toList());
    if (shown.size() < layers.size()) {
      lines.add("%d more layers are more even".formatted(layers.size() - shown.size()));
    }
    return lines;
  }

  private String line(Layer layer) {
    return "layer %3d ".formatted(layer.layer())
        + cells(layer.load())
        + "  MaxVio %5.2f  CV %4.2f".formatted(layer.balance().maxVio(), layer.balance().cv())
        + dead(layer.balance().dead().size());
  }

  private String dead(int dead) {
    return dead == 0 ? "" : ink.alarm("  %d dead".formatted(dead));
  }

  private String cells(List<Double> load) {
    return IntStream.range(0, Math.ceilDiv(experts, perCell))
        .mapToObj(cell -> load.subList(cell * perCell, Math.min(experts, (cell + 1) * perCell)))
        .map(LoadMap::leastEven)
        .map(this::bar)
        .collect(Collectors.joining());
  }

  private static double leastEven(List<Double> loads) {
    return loads.stream()
        .max(Comparator.comparingDouble(x -> Math.abs(doublings(x))))
        .orElseThrow();
  }

  private static double doublings(double load) {
    return Math.log(Math.max(load, 1e-6)) / Math.log(2);
  }

  private String bar(double load) {
    long level = EVEN + Math.round(STEPS_PER_DOUBLING * doublings(load));
    String bar = String.valueOf(BARS.charAt(Math.clamp(level, 0, BARS.length() - 1)));
    return level < EVEN ? ink.low(bar) : level > EVEN ? ink.high(bar) : bar;
  }
}
