package io.cambium.upcycle.ledger;

import com.fasterxml.jackson.annotation.JsonValue;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.ModelTensor.Piece;
import java.util.List;
import java.util.Locale;

/**
 * A tensor that a formula reads, or a part of one where the file packs several together.
 *
 * @param origin the file or files it is in
 * @param model which of the source models, from 0
 * @param name on disk
 * @param shape of the part
 * @param piece where the part lies in the tensor on disk
 */
public record SourceTensor(Origin origin, int model, String name, List<Long> shape, Piece piece) {

  /** Where source tensors come from. */
  public enum Origin {
    /** A source checkpoint's weights. */
    WEIGHTS,
    /** A source checkpoint's optimizer. */
    OPTIMIZER,
    /** The directions of router rows, computed before anything else is written. */
    DIRECTIONS
  }

  /** A weight of a source model. */
  public static SourceTensor weight(int model, ModelTensor tensor) {
    return new SourceTensor(Origin.WEIGHTS, model, tensor.name(), tensor.shape(), tensor.piece());
  }

  /** A tensor that is used as it lies on disk. */
  public static SourceTensor whole(Origin origin, int model, String name, List<Long> shape) {
    return new SourceTensor(origin, model, name, shape, Piece.whole(shape));
  }

  /** Whether its elements lie on disk one after the other. */
  public boolean isContiguous() {
    return piece.strides().equals(Piece.whole(shape).strides());
  }

  /** How many it has. */
  long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Such as {@code weights:lm_head.weight}, or {@code weights:...qkv_proj.weight@64[16, 32]}. */
  @Override
  @JsonValue
  public String toString() {
    String place = origin.name().toLowerCase(Locale.ROOT) + (model == 0 ? "" : "[" + model + "]");
    String part = piece.equals(Piece.whole(shape)) ? "" : "@" + piece.offset() + shape;
    return place + ":" + name + part;
  }
}
