package io.cambium.checkpoint.family;

import java.util.List;

/**
 * A tensor that a family's checkpoint must hold.
 *
 * @param layer index of the layer, or {@link #NONE}
 * @param expert index of the routed expert, or {@link #NONE}
 * @param name the name on disk
 */
public record ModelTensor(Part part, int layer, int expert, String name, List<Long> shape) {

  /** No layer, or no expert. */
  public static final int NONE = -1;

  public ModelTensor {
    shape = List.copyOf(shape);
  }

  /**
   * Number of elements.
   *
   * @throws ArithmeticException if it does not fit a long
   */
  public long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }
}
