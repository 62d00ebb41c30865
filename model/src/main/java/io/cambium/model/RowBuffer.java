package io.cambium.model;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Memory for rows that grows to what the largest batch needs and then stays, since it is in the
 * cache and in the page table already.
 */
final class RowBuffer {

  private static final int SPARE_SHARE = 8;

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
      memory = grown(memory, count);
    }
    return memory.narrow(0, 0, count);
  }

  /** With some to spare, since a number of rows that varies would grow it again and again. */
  private Tensor grown(@Nullable Tensor before, long count) {
    long enough = count;
    if (before != null) {
      enough = Math.max(count, before.size(0) + before.size(0) / SPARE_SHARE);
      before.releaseReference(); // rows in use keep it; or else it would wait for Java's collector
    }
    return Scopes.unowned(Torch.empty(type, enough, columns));
  }
}
