package io.cambium.checkpoint;

import java.util.List;

/**
 * A tensor's name, element type and shape, without its data.
 *
 * @param shape sizes of the axes, outermost first; empty for a scalar
 */
public record TensorSpec(String name, DType dtype, List<Long> shape) {

  public TensorSpec {
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

  /**
   * Bytes of the data.
   *
   * @throws ArithmeticException if sub-byte elements do not end on a byte, or the size does not fit
   *     a long
   */
  public long bytes() {
    long bits = Math.multiplyExact(elements(), dtype.bits());
    if (bits % 8 != 0) {
      throw new ArithmeticException(
          name + ": " + elements() + " elements of " + dtype + " do not end on a byte");
    }
    return bits / 8;
  }
}
