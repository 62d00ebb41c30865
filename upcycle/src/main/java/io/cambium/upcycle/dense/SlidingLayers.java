package io.cambium.upcycle.dense;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Layers with a sliding window, which few families with experts have, and none in some layers. */
final class SlidingLayers {

  private static final String SWITCH = "use_sliding_window";
  private static final String WINDOW = "sliding_window";
  private static final String TYPES = "layer_types";

  /**
   * A change of config.json.
   *
   * @param words that ask for it
   */
  private record Change(String words, Consumer<ObjectNode> apply) {}

  /** The plainest first; which of them a class takes is tried. */
  private static final List<Change> CHANGES =
      List.of(
          new Change("\"use_sliding_window\" to false", json -> json.put(SWITCH, false)),
          new Change(
              "\"use_sliding_window\" to false and remove \"layer_types\"",
              json -> json.put(SWITCH, false).remove(TYPES)),
          new Change("\"sliding_window\" to null", json -> json.putNull(WINDOW)),
          new Change(
              "\"sliding_window\" to null and remove \"layer_types\"",
              json -> json.putNull(WINDOW).remove(TYPES)),
          new Change(
              "every entry of \"layer_types\" to \"full_attention\"", SlidingLayers::setAllFull));

  private SlidingLayers() {}

  private static void setAllFull(ObjectNode json) {
    ArrayNode types = json.putArray(TYPES);
    Collections.nCopies(json.path("num_hidden_layers").asInt(0), "full_attention")
        .forEach(types::add);
  }

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
        Stream.of(SWITCH, WINDOW, "max_window_layers", TYPES)
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

  /** The same decoder, all of whose tokens see all before them. */
  static DecoderSpec without(DecoderSpec decoder) {
    return new DecoderSpec(
        decoder.vocabSize(),
        decoder.hiddenSize(),
        decoder.tiedEmbeddings(),
        decoder.norms(),
        decoder.scales(),
        decoder.layers().stream().map(SlidingLayers::without).toList());
  }

  private static Layer without(Layer layer) {
    return layer.attention() instanceof GroupedQuery grouped
        ? new Layer(grouped.withReach(Reach.FULL), layer.feedForward())
        : layer;
  }

  /**
   * What makes the same model of it on short texts; empty where its class can say no such thing.
   */
  static Optional<String> remedy(SourceCheckpoint source) {
    return CHANGES.stream()
        .filter(change -> isEnough(change, source))
        .findFirst()
        .map(change ->
            "up to %d tokens the model is the same without: in a copy, set %s"
                .formatted(window(source), change.words));
  }

  private static boolean isEnough(Change change, SourceCheckpoint source) {
    ModelConfig config = source.weights().config();
    ObjectNode json = config.json();
    change.apply.accept(json);
    try {
      return source
          .weights()
          .family()
          .decoder(new ModelConfig(config.file(), json))
          .equals(without(source.decoder()));
    } catch (CheckpointException _) {
      return false;
    }
  }
}
