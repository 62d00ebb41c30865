package io.cambium.upcycle.dense;

import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Layers with a sliding window, which few families with experts have, and none in some layers. */
final class SlidingLayers {

  private static final String SWITCH = "use_sliding_window";
  private static final String TYPES = "layer_types";

  private SlidingLayers() {}

  static boolean isAny(SourceCheckpoint source) {
    return !of(source).isEmpty();
  }

  private static List<Integer> of(SourceCheckpoint source) {
    List<Layer> layers = source.decoder().layers();
    return IntStream.range(0, layers.size())
        .filter(i -> layers.get(i).attention().reach().kind() == Reach.Kind.WINDOW)
        .boxed()
        .toList();
  }

  /** The keys of config.json that say so; empty where no layer slides. */
  static String reason(SourceCheckpoint source) {
    List<Integer> sliding = of(source);
    if (sliding.isEmpty()) {
      return "";
    }
    ModelConfig config = source.weights().config();
    String keys =
        Stream.of(SWITCH, "sliding_window", "max_window_layers", TYPES)
            .filter(config::has)
            .map(key -> "\"" + key + "\"")
            .collect(Collectors.joining(", "));
    return "\n%d of %d layers, from layer %d on, have a window of %d tokens: %s in config.json"
        .formatted(
            sliding.size(),
            source.decoder().layers().size(),
            sliding.getFirst(),
            window(source),
            keys);
  }

  private static int window(SourceCheckpoint source) {
    return source.decoder().layers().get(of(source).getFirst()).attention().reach().tokens();
  }

  /** What makes the same model of it on short texts. */
  static String remedy(SourceCheckpoint source) {
    ModelConfig config = source.weights().config();
    return "up to %d tokens the model is the same without: in a copy, set %s%s"
        .formatted(
            window(source),
            config.has(SWITCH) ? "\"" + SWITCH + "\" to false" : "\"sliding_window\" to null",
            config.has(TYPES) ? " and remove \"" + TYPES + "\"" : "");
  }
}
