package io.cambium.checkpoint.family;

import java.util.List;

/**
 * A tensor that a family's checkpoint must hold.
 *
 * @param layer index of the layer, or {@link #NONE}
 * @param expert index of the routed expert, or {@link #NONE}
 * @param name the name on disk, which several tensors share where one on disk holds them all
 * @param shape as the decoder uses it
 * @param piece where it lies in the tensor on disk
 * @param content weights, or the scales beside weights that are quantised
 */
public record ModelTensor(
    Part part, int layer, int expert, String name, List<Long> shape, Piece piece, Content content) {

  /** No layer, or no expert. */
  public static final int NONE = -1;

  /** What the numbers are. */
  public enum Content {
    /** Weights, or their codes in a quantised form. */
    WEIGHTS,
    /** Scales of blocks of such codes. */
    SCALES
  }

  /**
   * A part of a tensor on disk, seen through strides.
   *
   * @param whole shape of the tensor on disk
   * @param offset of the first element, in elements
   * @param strides in elements, one for each axis of the part
   */
  public record Piece(List<Long> whole, long offset, List<Long> strides) {

    public Piece {
      whole = List.copyOf(whole);
      strides = List.copyOf(strides);
    }

    /** The whole tensor, as it lies. */
    public static Piece whole(List<Long> shape) {
      return new Piece(shape, 0, rowMajor(shape));
    }
  }

  public ModelTensor {
    shape = List.copyOf(shape);
  }

  /** A tensor that lies on disk as the decoder uses it. */
  public ModelTensor(Part part, int layer, int expert, String name, List<Long> shape) {
    this(part, layer, expert, name, shape, Piece.whole(shape));
  }

  /** Weights. */
  public ModelTensor(Part part, int layer, int expert, String name, List<Long> shape, Piece piece) {
    this(part, layer, expert, name, shape, piece, Content.WEIGHTS);
  }

  /** Strides of a contiguous tensor. */
  static List<Long> rowMajor(List<Long> shape) {
    Long[] strides = new Long[shape.size()];
    long stride = 1;
    for (int axis = shape.size() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride = Math.multiplyExact(stride, shape.get(axis));
    }
    return List.of(strides);
  }

  /** Whether the tensor on disk is this one and nothing else, element by element. */
  public boolean isWhole() {
    return piece.equals(Piece.whole(shape));
  }

  /** A name of its own, also where several share a tensor on disk. */
  public String key() {
    return isWhole() ? name : name + "#" + part + (expert == NONE ? "" : "." + expert);
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
