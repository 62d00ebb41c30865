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
  /** Latent attention: from the hidden state to the queries' small vector. */
  QUERY_DOWN,
  QUERY_DOWN_NORM,
  QUERY_UP,
  /** Latent attention: from the hidden state to the small vector and the shared rotated key. */
  KEY_VALUE_DOWN,
  KEY_VALUE_DOWN_NORM,
  KEY_VALUE_UP,
  ATTENTION_OUTPUT,
  ATTENTION_OUTPUT_BIAS,
  QUERY_NORM,
  KEY_NORM,
  SINKS,
  FEED_FORWARD_NORM,
  DENSE_GATE,
  DENSE_UP,
  DENSE_DOWN,
  ROUTER,
  ROUTER_BIAS,
  SELECTION_BIAS,
  EXPERT_GATE,
  EXPERT_UP,
  EXPERT_DOWN,
  EXPERT_GATE_BIAS,
  EXPERT_UP_BIAS,
  EXPERT_DOWN_BIAS,
  /** The one row whose sigmoid weights the shared expert. */
  SHARED_SCALE,
  SHARED_GATE,
  SHARED_UP,
  SHARED_DOWN;

  /** Whether the tensor belongs to one routed expert. */
  public boolean isExpert() {
    return name().startsWith("EXPERT_");
  }

  /**
   * The axis that counts intermediate neurons, in a matrix of a gated unit: a row of gate and up
   * [F, D] for each, and a column of down [D, F].
   */
  public int neuronAxis() {
    return name().endsWith("DOWN") ? 1 : 0;
  }

  /** Whether the tensor belongs to one routed expert and has entries of each of its neurons. */
  public boolean hasExpertNeurons() {
    return isExpert() && this != EXPERT_DOWN_BIAS;
  }

  /** Whether the tensor's first axis counts the routed experts. */
  public boolean hasExpertRows() {
    return this == ROUTER || this == ROUTER_BIAS || this == SELECTION_BIAS;
  }

  /** Whether the tensor is the matrix of a linear layer. */
  public boolean isLinear() {
    return this != EMBEDDING && this != SHARED_SCALE && !isNormOrBias();
  }

  /** Whether the tensor is the scale of a norm. */
  public boolean isNorm() {
    return name().endsWith("NORM");
  }

  /**
   * Whether weight decay would be wrong: norms and biases, the router's selection bias among them.
   */
  public boolean isNormOrBias() {
    return isNorm() || isBias() || this == SINKS;
  }

  /** Whether the tensor is added to something, so that zeros are the same as none. */
  public boolean isBias() {
    return name().endsWith("BIAS");
  }
}
