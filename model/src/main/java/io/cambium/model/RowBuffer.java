package io.cambium.model;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Memory for rows that grows to what the largest batch needs and then stays, since it is in the
 * cache and in the page table already.
 */
final class RowBuffer {

  private final ScalarType type;
  private final long columns;
  private @Nullable Tensor memory;

  RowBuffer(ScalarType type, long columns) {
    this.type = type;
    this.columns = columns;
  }

  /** The first rows, with whatever was in them. */
  Tensor rows(long count) {
    if (memory == null || memory.size(0) < count) {
      memory = Scopes.unowned(Torch.empty(type, count, columns));
    }
    return memory.narrow(0, 0, count);
  }
}
