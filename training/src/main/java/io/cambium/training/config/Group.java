package io.cambium.training.config;

import io.cambium.checkpoint.family.Part;
import java.util.Locale;

/** Parts of a model that are trained alike. */
public enum Group {
  /** The token embedding, also where the output projection is tied to it. */
  EMBEDDING,
  /** The output projection. */
  HEAD,
  NORM,
  ATTENTION,
  /** Feed-forward blocks without experts. */
  DENSE,
  /** Router rows and biases, the selection bias among them. */
  ROUTER,
  /** Routed experts. */
  EXPERTS,
  /** Shared experts and their gates. */
  SHARED;

  /** The group that a tensor belongs to. */
  public static Group of(Part part) {
    return switch (part) {
      case EMBEDDING -> EMBEDDING;
      case LM_HEAD -> HEAD;
      case FINAL_NORM,
          ATTENTION_NORM,
          FEED_FORWARD_NORM,
          QUERY_NORM,
          KEY_NORM,
          QUERY_DOWN_NORM,
          KEY_VALUE_DOWN_NORM ->
          NORM;
      case QUERY,
          QUERY_BIAS,
          KEY,
          KEY_BIAS,
          VALUE,
          VALUE_BIAS,
          QUERY_DOWN,
          QUERY_UP,
          KEY_VALUE_DOWN,
          KEY_VALUE_UP,
          ATTENTION_OUTPUT,
          ATTENTION_OUTPUT_BIAS,
          SINKS ->
          ATTENTION;
      case DENSE_GATE, DENSE_UP, DENSE_DOWN -> DENSE;
      case ROUTER, ROUTER_BIAS, SELECTION_BIAS -> ROUTER;
      case EXPERT_GATE,
          EXPERT_UP,
          EXPERT_DOWN,
          EXPERT_GATE_BIAS,
          EXPERT_UP_BIAS,
          EXPERT_DOWN_BIAS ->
          EXPERTS;
      case SHARED_SCALE, SHARED_GATE, SHARED_UP, SHARED_DOWN -> SHARED;
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
