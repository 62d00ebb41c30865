package io.cambium.upcycle.dense.expert;

import io.cambium.checkpoint.family.Part;

/**
 * A matrix that is to be made.
 *
 * @param copy which copy of the dense block
 * @param copies how many there are
 * @param part gate, up or down of the dense block
 * @param width intermediate neurons of the block
 * @param seed of everything drawn
 */
public record ExpertSlot(int layer, int copy, int copies, Part part, int width, long seed) {

  /** The axis of the matrix that counts neurons. */
  public int neuronAxis() {
    return part.neuronAxis();
  }

  /** A name for what is drawn for this matrix alone. */
  public String key() {
    return blockKey() + "." + part;
  }

  /** A name for what is drawn once for gate, up and down together. */
  public String blockKey() {
    return "layer." + layer + ".copy." + copy;
  }
}
