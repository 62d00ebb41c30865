package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.OptimizerFiles;
import io.cambium.checkpoint.UsageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * The data behind the names in a plan.
 *
 * @param checkpoints by their number; they belong to whoever opened them
 */
public record Sources(List<SourceCheckpoint> checkpoints, Directions directions) {

  public Sources {
    checkpoints = List.copyOf(checkpoints);
  }

  /**
   * A tensor's bytes, contiguous.
   *
   * @param arena holds what does not lie so on disk
   */
  MemorySegment data(SourceTensor tensor, Arena arena) {
    return place(tensor).gather(onDisk(tensor), arena);
  }

  /** Where a tensor lies on disk. */
  Strided place(SourceTensor tensor) {
    return new Strided(tensor.shape(), tensor.piece(), dtype(tensor));
  }

  /** The whole tensor on disk that it lies in. */
  MemorySegment onDisk(SourceTensor tensor) {
    return switch (tensor.origin()) {
      case WEIGHTS -> checkpoints.get(tensor.model()).weights().data(tensor.name());
      case OPTIMIZER -> optimizer(tensor).data(tensor.name());
      case DIRECTIONS -> Floats.write(direction(tensor).data(), DType.F32);
    };
  }

  DType dtype(SourceTensor tensor) {
    return switch (tensor.origin()) {
      case WEIGHTS -> checkpoints.get(tensor.model()).weights().spec(tensor.name()).dtype();
      case OPTIMIZER ->
          Objects.requireNonNull(optimizer(tensor).tensors().get(tensor.name())).spec().dtype();
      case DIRECTIONS -> DType.F32;
    };
  }

  /**
   * Sees to it that a line's numbers can be had, and not its bytes alone.
   *
   * @throws UsageException if a tensor that it reads, or itself, is of a type that is not computed
   *     with
   */
  public void requireComputable(Entry line) {
    for (SourceTensor tensor : line.formula().sources()) {
      requireComputable(tensor.name(), dtype(tensor), checkpoints.get(tensor.model()));
    }
    requireComputable(line.target().name(), line.dtype(), checkpoints.getFirst());
  }

  private static void requireComputable(String tensor, DType dtype, SourceCheckpoint source) {
    if (!Floats.supports(dtype)) {
      throw new UsageException(
          source.path(),
          "tensor \"" + tensor + "\" is " + dtype + ", which is not computed with",
          "convert the weights to F32, BF16 or F16");
    }
  }

  Values values(SourceTensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      return new Values(tensor.shape(), Floats.read(data(tensor, arena), dtype(tensor)));
    }
  }

  /** Some bytes of a tensor that lies on disk one after the other, counted from its start. */
  MemorySegment part(SourceTensor tensor, long offset, long bytes) {
    return onDisk(tensor).asSlice(place(tensor).offset() + offset, bytes);
  }

  /** Some elements of such a tensor. */
  float[] values(SourceTensor tensor, Range range) {
    DType dtype = dtype(tensor);
    long bytes = range.count() * dtype.bits() / Byte.SIZE;
    return Floats.read(part(tensor, range.from() * dtype.bits() / Byte.SIZE, bytes), dtype);
  }

  private OptimizerFiles optimizer(SourceTensor tensor) {
    return checkpoints.get(tensor.model()).optimizer().orElseThrow();
  }

  private Values direction(SourceTensor tensor) {
    return Objects.requireNonNull(directions.tensors().get(tensor.name()));
  }
}
