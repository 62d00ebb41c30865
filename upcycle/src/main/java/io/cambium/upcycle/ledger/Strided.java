package io.cambium.upcycle.ledger;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.family.ModelTensor.Piece;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A part of a tensor on disk as contiguous bytes, and back. Parts are vectors or matrices; those of
 * a transposed matrix lie apart from each other.
 *
 * @param shape of the part
 */
record Strided(List<Long> shape, Piece piece, DType dtype) {

  private static final ValueLayout.OfShort BITS_16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt BITS_32 = ValueLayout.JAVA_INT_UNALIGNED;

  /** Where a line of the ledger goes. */
  static Strided of(Entry entry) {
    return new Strided(entry.target().shape(), entry.target().piece(), entry.dtype());
  }

  boolean isContiguous() {
    return piece.strides().equals(Piece.whole(shape).strides());
  }

  /** Where the first element lies, in bytes. */
  long offset() {
    return piece.offset() * elementBytes();
  }

  long bytes() {
    return shape.stream().reduce(1L, Math::multiplyExact) * elementBytes();
  }

  /** The bytes of the tensor on disk, or of one expert's share of it where it holds them all. */
  long shareBytes() {
    boolean ofExpert = piece.whole().size() > shape.size();
    long whole = piece.whole().stream().reduce(1L, Math::multiplyExact) * elementBytes();
    return whole / (ofExpert ? piece.whole().getFirst() : 1);
  }

  /** Where that share begins, in bytes. */
  long shareStart() {
    return offset() / shareBytes() * shareBytes();
  }

  /** Whether the other part lies in its share as this one does in its own. */
  boolean liesLike(Strided other) {
    return dtype == other.dtype
        && shape.equals(other.shape)
        && piece.strides().equals(other.piece.strides())
        && shareBytes() == other.shareBytes()
        && offset() - shareStart() == other.offset() - other.shareStart();
  }

  private long elementBytes() {
    return dtype.bits() / 8;
  }

  /**
   * The part, contiguous: a view where it is that already.
   *
   * @param arena holds what is no view
   */
  MemorySegment gather(MemorySegment whole, Arena arena) {
    if (isContiguous()) {
      return whole.asSlice(offset(), bytes());
    }
    MemorySegment part = arena.allocate(bytes(), 8);
    move(whole, 0, part, true);
    return part;
  }

  /**
   * Puts the part in its places.
   *
   * @param from bytes of the tensor on disk before {@code region}
   */
  void scatter(MemorySegment part, MemorySegment region, long from) {
    if (isContiguous()) {
      MemorySegment.copy(part, 0, region, offset() - from, bytes());
      return;
    }
    move(region, from, part, false);
  }

  /**
   * Copies row by row, or element by element where those of a row lie apart: typed accesses,
   * several times as fast as copies of so few bytes.
   */
  private void move(MemorySegment apart, long from, MemorySegment part, boolean gather) {
    long columns = shape.size() == 2 ? shape.get(1) : 1;
    long columnStride = shape.size() == 2 ? piece.strides().get(1) : 0;
    long size = elementBytes();
    for (long row = 0; row < shape.getFirst(); row++) {
      long start = piece.offset() + row * piece.strides().getFirst();
      if (columnStride == 1) {
        long there = start * size - from;
        long here = row * columns * size;
        MemorySegment.copy(
            gather ? apart : part,
            gather ? there : here,
            gather ? part : apart,
            gather ? here : there,
            columns * size);
        continue;
      }
      for (long column = 0; column < columns; column++) {
        long there = (start + column * columnStride) * size - from;
        long here = (row * columns + column) * size;
        if (gather) {
          copy(apart, there, part, here);
        } else {
          copy(part, here, apart, there);
        }
      }
    }
  }

  private void copy(MemorySegment from, long at, MemorySegment to, long place) {
    switch (dtype.bits()) {
      case 16 -> to.set(BITS_16, place, from.get(BITS_16, at));
      case 32 -> to.set(BITS_32, place, from.get(BITS_32, at));
      default -> MemorySegment.copy(from, at, to, place, elementBytes());
    }
  }
}
