package io.cambium.upcycle;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/**
 * How one tensor of the grown model follows from tensors of the source. Evaluated in fp32 or finer
 * and rounded once to the tensor's own type.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "formula")
public sealed interface Formula {

  /** Everything it reads. */
  default List<SourceTensor> sources() {
    return switch (this) {
      case Copy(var source) -> List.of(source);
      case GatherRows(var source, _) -> List.of(source);
      case DirectedRows(var source, var directions, _, _) -> List.of(source, directions);
      case ReplicaBias(var source, _, _, _, _) -> List.of(source);
      case Redrawn(var source, _, _) -> List.of(source);
      case Scaled(var source, _) -> List.of(source);
      case ScaledRows(var source, _, _) -> List.of(source);
      case Cleared(var source, _, _, _) -> List.of(source);
      case Zeros() -> List.of();
    };
  }

  /** The source, byte for byte. */
  record Copy(SourceTensor source) implements Formula {}

  /** Row n is the source's row {@code parents[n]}, byte for byte. */
  record GatherRows(SourceTensor source, List<Integer> parents) implements Formula {}

  /**
   * Row n is w + delta * |w| * d_n, w the source's row {@code parents[n]}, d_n row n of the
   * directions. The rows of a lineage add up to as many times w (method 3).
   */
  record DirectedRows(
      SourceTensor source, SourceTensor directions, List<Integer> parents, double delta)
      implements Formula {}

  /**
   * Entry n is the source's entry {@code parents[n]}; those of replicas, which are all entries
   * beyond the source's, plus uniform noise in [-noise, noise) and minus the hold-back. In fp32
   * whatever the source's type.
   */
  record ReplicaBias(
      SourceTensor source, List<Integer> parents, double noise, double holdBack, long seed)
      implements Formula {}

  /**
   * The source, where some neurons' entries are drawn anew from the normal distribution of the
   * entries they replace.
   *
   * @param axis the axis that counts neurons: 0 in gate and up projections, 1 in the down
   *     projection
   */
  record Redrawn(SourceTensor source, Neurons neurons, int axis) implements Formula {}

  /** The source times a factor. */
  record Scaled(SourceTensor source, double factor) implements Formula {}

  /** Row n is {@code factors[n]} times the source's row {@code parents[n]}. */
  record ScaledRows(SourceTensor source, List<Integer> parents, List<Double> factors)
      implements Formula {}

  /**
   * The source times a factor, and zero for some neurons: moments whose weights were drawn anew.
   *
   * @param axis as in {@link Redrawn}
   */
  record Cleared(SourceTensor source, double factor, Neurons neurons, int axis)
      implements Formula {}

  /** Zeros. */
  record Zeros() implements Formula {}
}
