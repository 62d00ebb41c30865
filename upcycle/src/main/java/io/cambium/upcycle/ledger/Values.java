package io.cambium.upcycle.ledger;

import java.util.ArrayList;
import java.util.List;

/**
 * A tensor in memory.
 *
 * @param data row-major; whoever computes the tensor may overwrite it
 */
public record Values(List<Long> shape, float[] data) {

  public Values {
    shape = List.copyOf(shape);
    if (data.length != elements(shape)) {
      throw new IllegalArgumentException(data.length + " values are no " + shape);
    }
  }

  /**
   * Zeros.
   *
   * @param range part of a tensor, flat, or all of it
   */
  static Values zeros(List<Long> shape, Range range) {
    List<Long> part = range == Range.ALL ? shape : List.of(range.count());
    return new Values(part, new float[elements(part)]);
  }

  static int elements(List<Long> shape) {
    return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
  }

  /** Entries in one row of the first axis. */
  int rowLength() {
    return elements(shape.subList(1, shape.size()));
  }

  /** The same with another number of rows. */
  Values withRows(long rows, float[] rowData) {
    return new Values(resized(0, rows), rowData);
  }

  /** Some neighbours along an axis. */
  Values slice(int axis, long from, long count) {
    List<Long> sliced = resized(axis, count);
    int inner = elements(shape.subList(axis + 1, shape.size()));
    int outer = elements(shape.subList(0, axis));
    float[] part = new float[elements(sliced)];
    int length = Math.toIntExact(count * inner);
    for (int i = 0; i < outer; i++) {
      long start = (i * shape.get(axis) + from) * inner;
      System.arraycopy(data, Math.toIntExact(start), part, i * length, length);
    }
    return new Values(sliced, part);
  }

  /** Those with these indices along an axis, in their order. */
  Values gather(int axis, int[] indices) {
    Values gathered = new Values(shape, new float[data.length]);
    for (int n = 0; n < indices.length; n++) {
      gathered.put(axis, n, this, indices[n]);
    }
    return gathered;
  }

  /** With zeros for all but some neighbours along an axis. */
  Values masked(int axis, long from, long count) {
    Values masked = new Values(shape, new float[data.length]);
    for (int n = Math.toIntExact(from); n < from + count; n++) {
      masked.put(axis, n, this, n);
    }
    return masked;
  }

  private void put(int axis, int at, Values other, int from) {
    int size = Math.toIntExact(shape.get(axis));
    int inner = elements(shape.subList(axis + 1, shape.size()));
    for (int start = 0; start < data.length; start += size * inner) {
      System.arraycopy(other.data, start + from * inner, data, start + at * inner, inner);
    }
  }

  private List<Long> resized(int axis, long size) {
    List<Long> changed = new ArrayList<>(shape);
    changed.set(axis, size);
    return changed;
  }
}
