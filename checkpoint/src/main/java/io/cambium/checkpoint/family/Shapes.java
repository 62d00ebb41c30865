package io.cambium.checkpoint.family;

import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.HeadNorm;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import java.util.List;

/** The shape that a decoder uses each of its tensors in; matrices are [out, in]. */
final class Shapes {

  private Shapes() {}

  /**
   * The shape of a tensor.
   *
   * @param layer its layer; any for a tensor outside the layers
   */
  static List<Long> of(Part part, int layer, DecoderSpec spec) {
    long hidden = spec.hiddenSize();
    return switch (part) {
      case EMBEDDING, LM_HEAD -> List.of((long) spec.vocabSize(), hidden);
      case FINAL_NORM, ATTENTION_NORM, FEED_FORWARD_NORM, ATTENTION_OUTPUT_BIAS -> List.of(hidden);
      case QUERY,
          QUERY_BIAS,
          KEY,
          KEY_BIAS,
          VALUE,
          VALUE_BIAS,
          QUERY_DOWN,
          QUERY_DOWN_NORM,
          QUERY_UP,
          KEY_VALUE_DOWN,
          KEY_VALUE_DOWN_NORM,
          KEY_VALUE_UP,
          ATTENTION_OUTPUT,
          QUERY_NORM,
          KEY_NORM,
          SINKS ->
          switch (spec.layers().get(layer).attention()) {
            case GroupedQuery grouped -> ofGroupedQuery(part, grouped, hidden);
            case Latent latent -> ofLatent(part, latent, hidden);
          };
      case DENSE_GATE, DENSE_UP ->
          List.of(
              (long) ((Dense) spec.layers().get(layer).feedForward()).intermediateSize(), hidden);
      case DENSE_DOWN ->
          List.of(
              hidden, (long) ((Dense) spec.layers().get(layer).feedForward()).intermediateSize());
      case ROUTER -> List.of((long) spec.mixture(layer).experts(), hidden);
      case ROUTER_BIAS, SELECTION_BIAS -> List.of((long) spec.mixture(layer).experts());
      case EXPERT_GATE, EXPERT_UP -> List.of((long) spec.mixture(layer).intermediateSize(), hidden);
      case EXPERT_DOWN -> List.of(hidden, (long) spec.mixture(layer).intermediateSize());
      case EXPERT_GATE_BIAS, EXPERT_UP_BIAS ->
          List.of((long) spec.mixture(layer).intermediateSize());
      case EXPERT_DOWN_BIAS -> List.of(hidden);
      case SHARED_SCALE -> List.of(1L, hidden);
      case SHARED_GATE, SHARED_UP ->
          List.of((long) spec.mixture(layer).sharedIntermediateSize(), hidden);
      case SHARED_DOWN -> List.of(hidden, (long) spec.mixture(layer).sharedIntermediateSize());
    };
  }

  private static List<Long> ofGroupedQuery(Part part, GroupedQuery attention, long hidden) {
    long headDim = attention.headDim();
    long queries = attention.heads() * headDim;
    long keys = attention.kvHeads() * headDim;
    boolean allHeads = attention.headNorm() == HeadNorm.ALL_HEADS;
    return switch (part) {
      case QUERY -> List.of(queries, hidden);
      case KEY, VALUE -> List.of(keys, hidden);
      case QUERY_BIAS -> List.of(queries);
      case KEY_BIAS, VALUE_BIAS -> List.of(keys);
      case ATTENTION_OUTPUT -> List.of(hidden, queries);
      case QUERY_NORM -> List.of(allHeads ? queries : headDim);
      case KEY_NORM -> List.of(allHeads ? keys : headDim);
      case SINKS -> List.of((long) attention.heads());
      default -> throw foreign(part, attention);
    };
  }

  private static List<Long> ofLatent(Part part, Latent attention, long hidden) {
    long heads = attention.heads();
    long queryRank = attention.queryRank();
    long rank = attention.keyValueRank();
    return switch (part) {
      case QUERY -> List.of(heads * attention.queryDim(), hidden);
      case QUERY_DOWN -> List.of(queryRank, hidden);
      case QUERY_DOWN_NORM -> List.of(queryRank);
      case QUERY_UP -> List.of(heads * attention.queryDim(), queryRank);
      case KEY_VALUE_DOWN -> List.of(rank + attention.rope().rotaryDim(), hidden);
      case KEY_VALUE_DOWN_NORM -> List.of(rank);
      case KEY_VALUE_UP -> List.of(heads * (attention.nopeDim() + attention.valueDim()), rank);
      case ATTENTION_OUTPUT -> List.of(hidden, heads * attention.valueDim());
      default -> throw foreign(part, attention);
    };
  }

  private static IllegalArgumentException foreign(Part part, Attention attention) {
    return new IllegalArgumentException(part + " is no part of " + attention);
  }
}
