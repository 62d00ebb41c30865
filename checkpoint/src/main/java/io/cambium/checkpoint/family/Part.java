package io.cambium.checkpoint.family;

/** What a tensor is in the decoder, whatever the family calls it. */
public enum Part {
  EMBEDDING,
  FINAL_NORM,
  LM_HEAD,
  ATTENTION_NORM,
  QUERY,
  QUERY_BIAS,
  KEY,
  KEY_BIAS,
  VALUE,
  VALUE_BIAS,
  ATTENTION_OUTPUT,
  QUERY_NORM,
  KEY_NORM,
  FEED_FORWARD_NORM,
  DENSE_GATE,
  DENSE_UP,
  DENSE_DOWN,
  ROUTER,
  SELECTION_BIAS,
  EXPERT_GATE,
  EXPERT_UP,
  EXPERT_DOWN,
  SHARED_GATE,
  SHARED_UP,
  SHARED_DOWN;

  /** Whether the tensor belongs to one routed expert. */
  public boolean isExpert() {
    return this == EXPERT_GATE || this == EXPERT_UP || this == EXPERT_DOWN;
  }

  /** Whether the tensor's first axis counts the routed experts. */
  public boolean hasExpertRows() {
    return this == ROUTER || this == SELECTION_BIAS;
  }

  /** Whether the tensor is the scale of a norm. */
  public boolean isNorm() {
    return name().endsWith("NORM");
  }

  /**
   * Whether weight decay would be wrong: norms and biases, the router's selection bias among them.
   */
  public boolean isNormOrBias() {
    return isNorm() || name().endsWith("BIAS");
  }
}
