package io.cambium.checkpoint.family;

import io.cambium.checkpoint.family.DecoderSpec.Router;

/**
 * The experts that a family can have in the place of a dense block, so that the whole is the same
 * function when all experts are equal (docs/upcycle.md): its weights must add up to one.
 *
 * @param router normalised, with scale 1
 * @param shared whether there is a shared expert beside them
 * @param biases which biases its attention can have
 * @param untied whether engines want an output matrix apart from the embeddings
 */
public record MixtureForm(Router router, Shared shared, Biases biases, boolean untied) {

  /** The shared expert. */
  public enum Shared {
    NONE,
    /** There may be one, and nobody misses it. */
    OPTIONAL,
    /** There may be one, and some engines want it. */
    PLAIN,
    /** There is one, behind a gate of its own. */
    GATED
  }

  /** Biases of attention. */
  public enum Biases {
    /** Those that the dense model has. */
    AS_THEY_ARE,
    /** On all four projections or on none: one flag says which. */
    ON_ALL_OR_NONE,
    /** On query, key and value, always. */
    ON_INPUTS
  }

  static MixtureForm of(Router router, Shared shared, Biases biases) {
    return new MixtureForm(router, shared, biases, false);
  }

  MixtureForm asUntied() {
    return new MixtureForm(router, shared, biases, true);
  }
}
